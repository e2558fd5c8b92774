#!/bin/sh
# Checks the types of the packages and of everything around them: tests, scripts, benchmarks, examples.
set -eu
exec node node_modules/typescript-7/bin/tsc -b . packages/*/test packages/conformance/mutants test scripts bench examples
