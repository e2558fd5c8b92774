#!/bin/sh
# Checks the types of the packages and of everything around them: tests, scripts, benchmarks.
set -eu
node node_modules/typescript-7/bin/tsc -b
exec node node_modules/typescript-7/bin/tsc -p tsconfig.test.json
