#!/bin/sh
# Generates packages/transports/src/gen from proto/. With --check: into a temporary folder, and compares.
set -eu
if [ "${1-}" != --check ]; then
  exec buf generate
fi
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
buf generate -o "$fresh"
if ! diff -r "$fresh/packages/transports/src/gen" packages/transports/src/gen; then
  echo "packages/transports/src/gen does not match proto/: run npm run gen" >&2
  exit 1
fi
