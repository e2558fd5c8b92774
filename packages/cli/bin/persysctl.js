#!/usr/bin/env node
// A file of its own, so that npm can link the command before anything has been compiled.
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write(
    'persysctl has not been built in this checkout: "npm run build" does it, "npm start" too\n',
  );
  process.exitCode = 1;
}
