#!/bin/sh
# Checks what npm would publish of each package: the manifest, and that the types resolve.
set -eu
failed=
for folder in packages/*; do
  publint run "$folder" --strict || failed=1
  # A package of commands alone offers nothing to import.
  if grep -q '"types":' "$folder/package.json"; then
    attw --pack "$folder" --profile esm-only --format ascii || failed=1
  fi
done
[ -z "$failed" ]
