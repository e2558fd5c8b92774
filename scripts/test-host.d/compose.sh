# The second generation of the compose command, built from its module: no package of Debian has it. The first is a package.

compose_version=v2.40.3
compose_program=/var/cache/persys-test-host/docker-compose-$compose_version

# Builds the command where there is Go, once for each machine. Without it, tests run with the first generation alone.
compose_up() {
  [ ! -x "$compose_program" ] || return 0
  command -v go >/dev/null 2>&1 || return 0
  [ "${PERSYS_TEST_PROVISION-1}" != 0 ] || return 0
  say "building docker compose $compose_version, which takes some minutes once"
  compose_built || say "docker compose $compose_version cannot be built: only docker-compose 1 is tested"
}

compose_built() {
  tree=$(mktemp -d)
  code=0
  (
    module=github.com/docker/compose/v2@$compose_version
    folder=$(go mod download -json "$module" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
    [ -n "$folder" ] || exit 1
    # Its go.mod excludes versions, which `go install` of a module does not take.
    cp -r "$folder/." "$tree" && chmod -R u+w "$tree" && cd "$tree" || exit 1
    nice go build -trimpath -o "$tree/built" \
      -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$compose_version" ./cmd || exit 1
    mkdir -p "$(dirname -- "$compose_program")" && mv "$tree/built" "$compose_program"
  ) >"$root/compose.log" 2>&1 || code=$?
  rm -rf "$tree"
  return $code
}

# The address of the command; empty where it was not built.
compose_found() {
  [ ! -x "$compose_program" ] || echo "$compose_program"
}
