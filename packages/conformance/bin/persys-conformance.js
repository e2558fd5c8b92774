#!/usr/bin/env node
// A file of its own, so that npm can link the command before anything has been compiled.
import { existsSync } from "node:fs";

const main = new URL("../dist/command/main.js", import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write(
    'persys-conformance has not been built in this checkout: "npm run build" does it\n',
  );
  process.exitCode = 1;
}
