#!/bin/sh
# Lints with the types at hand; arguments (paths, --fix) go to oxlint.
set -eu
exec oxlint --deny-warnings "$@"
