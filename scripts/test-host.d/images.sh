# Images for the tests, made of busybox alone: no public registry is needed.
#
# In the engine, and in images.tar for further engines, persys-test/NAME:1:
#   busybox     the applets and a shell; CMD sh
#   web         /www on port 8080; healthy unless /tmp/sick is there; ends at once on SIGTERM
#   volume      VOLUME /data, with a file of the image in it
#   entrypoint  prints its arguments one a line, then waits
#   exit        exits with $CODE (3)
#   user        runs as user 1000 in /srv/app
#   blank       has no command
# In both registries: busybox:1, busybox:2 (another digest, not in the engine), web:1, large:1 (8 MiB, not in the
# engine).

images_up() {
  wanted=$(cat "$parts/images.sh" "$(command -v busybox)" | cksum)
  [ "$(cat "$root/images.stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say "making the images"
  tree=$root/tree
  rm -rf "$tree"
  images=
  make_tree
  image busybox 'CMD ["sh"]'
  image web 'EXPOSE 8080' 'CMD ["/bin/serve"]' \
    'HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD test ! -e /tmp/sick && wget -q -O /dev/null http://127.0.0.1:8080/'
  image volume 'VOLUME /data' 'CMD ["/bin/linger"]'
  image entrypoint 'ENTRYPOINT ["/bin/entrypoint"]' 'CMD ["one", "two"]'
  image exit 'CMD ["sh", "-c", "exit ${CODE:-3}"]'
  image user 'USER 1000' 'WORKDIR /srv/app' 'CMD ["/bin/linger"]'
  image blank
  docker_of_tests save -o "$root/images.tar" $images || fail "cannot save the images"
  docker_of_tests run --rm persys-test/busybox:1 true || fail "the Docker engine cannot run a container"
  push_images
  rm -rf "$tree"
  echo "$wanted" >"$root/images.stamp"
}

# The files of all images.
make_tree() {
  mkdir -p "$tree/bin" "$tree/etc" "$tree/tmp" "$tree/root" "$tree/srv/app" "$tree/www" "$tree/data"
  chmod 1777 "$tree/tmp"
  for applet in $(busybox --list); do ln -sf busybox "$tree/bin/$applet"; done
  rm -f "$tree/bin/busybox" # It lists itself too.
  cp "$(command -v busybox)" "$tree/bin/busybox"
  echo 'persys test' >"$tree/www/index.html"
  echo 'of the image' >"$tree/data/seed"
  printf 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/srv/app:/bin/sh\n' >"$tree/etc/passwd"
  printf 'root:x:0:\napp:x:1000:\n' >"$tree/etc/group"
  chown 1000:1000 "$tree/srv/app"
  # The first process of a container has to handle SIGTERM itself, or nothing but SIGKILL ends it.
  script linger 'trap "exit 0" TERM INT; while :; do sleep 3600 & wait $!; done'
  script serve 'trap "exit 0" TERM INT; httpd -f -p 8080 -h /www & wait $!'
  script entrypoint 'for it; do echo "argument: $it"; done; exec /bin/linger'
}

script() { # NAME TEXT
  printf '#!/bin/sh\n%s\n' "$2" >"$tree/bin/$1"
  chmod +x "$tree/bin/$1"
}

docker_of_tests() {
  DOCKER_CONFIG=$root/cli docker -H "unix://$root/docker/s" "$@"
}

# Makes persys-test/NAME:1, or another tag of it, of the tree as it is now.
image() { # NAME[:TAG] CHANGE...
  case $1 in *:*) tag=persys-test/$1 ;; *) tag=persys-test/$1:1 ;; esac
  shift
  for change; do
    shift
    set -- "$@" -c "$change"
  done
  images="$images $tag"
  tar -C "$tree" -c . | docker_of_tests import "$@" - "$tag" >"$root/docker.log" 2>&1 ||
    fail "cannot import $tag: $(cat "$root/docker.log")"
}

push_images() {
  echo 'second' >"$tree/etc/edition"
  image busybox:2 'CMD ["sh"]'
  rm -rf "$tree/bin" && mkdir "$tree/bin"
  head -c 8388608 /dev/urandom >"$tree/bin/filling"
  image large
  for it in busybox:1 busybox:2 web:1 large:1; do
    remote=$(cat "$root/open/address")/persys-test/$it
    docker_of_tests tag "persys-test/$it" "$remote"
    docker_of_tests push -q "$remote" >"$root/docker.log" 2>&1 || fail "cannot push: $(cat "$root/docker.log")"
    docker_of_tests rmi "$remote" >/dev/null
  done
  docker_of_tests rmi persys-test/busybox:2 persys-test/large:1 >/dev/null
}

write_env() {
  cat >"$root/env.new" <<END
PERSYS_TEST_DOCKER_HOST=unix://$root/docker/s
PERSYS_TEST_REGISTRY=$(cat "$root/open/address")
PERSYS_TEST_REGISTRY_AUTH=$(cat "$root/auth/address")
PERSYS_TEST_REGISTRY_USER=$registry_user
PERSYS_TEST_REGISTRY_PASSWORD=$registry_password
PERSYS_TEST_IMAGES=$root/images.tar
PERSYS_TEST_REDIS=redis://$(cat "$root/redis/address")
END
  ! libvirt_possible || echo "PERSYS_TEST_LIBVIRT=$(libvirtd_uri "$root/libvirt")" >>"$root/env.new"
  [ -z "$(guest_found)" ] || echo "PERSYS_TEST_GUEST=$(guest_found)" >>"$root/env.new"
  [ -z "$(compose_found)" ] || echo "PERSYS_TEST_COMPOSE=$(compose_found)" >>"$root/env.new"
  mv "$root/env.new" "$root/env"
}
