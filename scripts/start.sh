#!/bin/sh
# Builds what has changed and runs the agent in its development profile; arguments go to the agent.
set -eu
node node_modules/typescript-7/bin/tsc -b
exec node --enable-source-maps packages/server/dist/main.js --dev "$@"
