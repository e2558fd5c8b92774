#!/bin/sh
# Judges what this repository has by its own kits. `--all` runs every subject there is, with the engines they need where this machine can run
# them; anything else goes to the command of the kits.
set -eu
run="node --conditions=@persys/source"
case ${1-} in
--all)
  shift
  exec sh scripts/test-host run $run scripts/conformance-all.ts "$@"
  ;;
*) exec $run packages/conformance/src/command/main.ts "$@" ;;
esac
