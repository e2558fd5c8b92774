#!/bin/sh
# Compares proto/ with the contract others may already rely on: that of main and that of the last release.
set -eu
was=$(mktemp -d)
trap 'rm -rf "$was"' EXIT
against() {
  if [ -z "$1" ] || [ -z "$(git ls-tree "$1" proto 2>/dev/null)" ]; then
    return 0
  fi
  echo "breaking: against $1"
  rm -rf "$was/proto"
  git archive "$1" proto | tar -x -C "$was"
  printf 'version: v2\nmodules:\n  - path: proto\n' >"$was/buf.yaml"
  buf breaking --against "$was"
}
# A fresh clone may have main only as its origin's.
against "$(git rev-parse --verify --quiet main || git rev-parse --verify --quiet origin/main || true)"
against "$(git describe --tags --match 'v*' --abbrev=0 2>/dev/null || true)"
