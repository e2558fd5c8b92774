#!/bin/sh
# Makes the image persys-example/web:1 in the engine that `docker` speaks to. Where this machine has a busybox that
# needs no libraries, nothing is downloaded; elsewhere it comes from Docker Hub.
#
#   sh examples/web/image.sh            (docker image rm persys-example/web:1 removes it)
set -eu
image=persys-example/web:1
here=$(dirname -- "$0")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

chmod 755 "$tree" # It becomes the root folder of the image.
mkdir "$tree/bin"
cp "$here/serve" "$tree/bin/serve"
chmod 755 "$tree/bin/serve"

busybox=$(command -v busybox || true)
if [ -n "$busybox" ] && ! ldd "$busybox" >/dev/null 2>&1; then
  mkdir "$tree/etc" "$tree/tmp"
  chmod 1777 "$tree/tmp"
  for applet in $("$busybox" --list); do ln -sf busybox "$tree/bin/$applet"; done
  rm -f "$tree/bin/busybox" # It lists itself too.
  cp "$busybox" "$tree/bin/busybox"
  tar -C "$tree" -c . | docker import \
    --change 'ENV PATH=/bin' --change 'EXPOSE 8080' --change 'CMD ["/bin/serve"]' - "$image" >/dev/null
else
  printf 'FROM busybox:stable\nCOPY bin/serve /bin/serve\nEXPOSE 8080\nCMD ["/bin/serve"]\n' >"$tree/Dockerfile"
  docker build --quiet --tag "$image" "$tree" >/dev/null
fi
echo "$image is ready"
