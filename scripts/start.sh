#!/bin/sh
# Builds what has changed and runs the agent in its development profile; arguments go to the agent.
set -eu
# persysctl is built along, for the command that the agent suggests. Nothing to do takes half a second.
if ! node node_modules/typescript-7/bin/tsc -b; then
  echo "start: the sources do not compile; the messages above say where" >&2
  exit 1
fi
# Becomes the agent: signals reach it, its exit code comes back.
exec node --enable-source-maps packages/server/dist/main.js --dev "$@"
