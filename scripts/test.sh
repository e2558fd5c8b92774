#!/bin/sh
# Runs the tests; arguments go to vitest. The long project runs only when it is asked for by name.
set -eu
case " $* " in
*" --project"*) exec vitest run "$@" ;;
*) exec vitest run --project unit --project e2e "$@" ;;
esac
