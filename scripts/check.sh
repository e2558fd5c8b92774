#!/bin/sh
# Everything that is checked without running the agent. Every step runs; a failed one shows what it said.
set -u
said=$(mktemp)
trap 'rm -f "$said"' EXIT
failed=
step() {
  name=$1
  shift
  began=$(date +%s%N)
  if "$@" >"$said" 2>&1; then verdict=ok; else verdict=FAILED; fi
  printf '%-10s %-6s %5d ms\n' "$name" "$verdict" "$((($(date +%s%N) - began) / 1000000))"
  if [ "$verdict" = FAILED ]; then
    cat "$said"
    failed="$failed $name"
  fi
}

step format biome ci .
step lint sh scripts/lint.sh
step types sh scripts/typecheck.sh
step borders depcruise packages bench examples test scripts
step planted vitest run --project unit test/borders.test.ts
step unused knip
step proto buf lint
step breaking sh scripts/breaking.sh
step generated sh scripts/gen.sh --check
step packages sh scripts/package-lint.sh

if [ -n "$failed" ]; then
  echo "check: failed:$failed" >&2
  exit 1
fi
echo "check: all passed"
