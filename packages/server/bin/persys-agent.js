#!/usr/bin/env node
// A file of its own, so that npm can link the command before anything has been compiled.
// Any Node can read it, and say that it is too old.
const [major] = process.versions.node.split(".");
if (Number(major) < 22) {
  process.stderr.write(
    `persys-agent needs Node 22 or later, and this is ${process.versions.node}; in a checkout "npx persys-agent" has the right one\n`,
  );
  process.exitCode = 1;
} else {
  await import("../dist/main.js");
}
