#!/bin/sh
# Runs the tests, with the engines they need where this machine can run them; arguments go to vitest. The long
# project runs only when it is asked for by name.
set -eu
case " $* " in
*" --project"*) ;;
*) set -- --project pure --project unit --project e2e "$@" ;;
esac
# Tests start hundreds of programs from the sources: each is compiled once.
: "${NODE_COMPILE_CACHE:=$PWD/node_modules/.cache/compiled}"
export NODE_COMPILE_CACHE
exec sh scripts/test-host run vitest run "$@"
