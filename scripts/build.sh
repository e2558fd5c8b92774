#!/bin/sh
# Compiles every package from nothing: tsc leaves the outputs of deleted sources behind, and they would be published.
set -eu
rm -rf packages/*/dist
exec node node_modules/typescript-7/bin/tsc -b
