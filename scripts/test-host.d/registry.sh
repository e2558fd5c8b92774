# Two registries on loopback, which Docker takes without TLS: `open` for all, `auth` with a name and a password, which
# are made up here and guard nothing. They show the same images: one folder holds those of both.

registry_user=persys
registry_password=persys-test-password
# bcrypt of the password, as `htpasswd -B` writes it; the only kind the registry reads.
registry_htpasswd='persys:$2y$05$PersysTestHostSaltxxxuENvs0vNtlaxUf0l7IZm67Bo72g3iRh6'

registry_answers() { # open|auth
  [ -s "$root/$1/address" ] && pid_is_of "$root/$1/pid" "$root/$1/config.yml" &&
    curl -s -o "/dev/null" --max-time 5 "http://$(cat "$root/$1/address")/v2/"
}

registry_up() { # open|auth
  ! registry_answers "$1" || return 0
  at=$root/$1
  mkdir -p "$at" "$root/registry"
  configure_registry "$1" >"$at/config.yml"
  : >"$at/log"
  setsid docker-registry serve "$at/config.yml" </dev/null >"$at/log" 2>&1 7>&- 8>&- &
  echo $! >"$at/pid"
  # The kernel has picked the port, the log tells it. 10 s: it takes 0.1 s.
  within 100 grep -q 'listening on 127' "$at/log" || fail "the registry did not start: $(tail -n 5 "$at/log")"
  sed -n 's/.*listening on \(127[0-9.:]*\).*/\1/p' "$at/log" | head -n 1 >"$at/address"
  registry_answers "$1" || fail "the registry does not answer: $(tail -n 5 "$at/log")"
}

configure_registry() {
  cat <<END
version: 0.1
log: { accesslog: { disabled: true }, level: info }
storage:
  filesystem: { rootdirectory: $root/registry }
  delete: { enabled: true }
http: { addr: "127.0.0.1:0" }
END
  [ "$1" = auth ] || return 0
  echo "$registry_htpasswd" >"$at/htpasswd"
  echo "auth: { htpasswd: { realm: persys-test, path: $at/htpasswd } }"
}

registry_down() { # open|auth
  ! pid_is_of "$root/$1/pid" "$root/$1/config.yml" || kill -KILL "$(cat "$root/$1/pid")" 2>/dev/null || :
}
