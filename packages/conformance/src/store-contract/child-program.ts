// Run as a process of its own by CommittingChild: MODULE OPTIONS AFTER. Opens the store of the module, says "open", commits numbered batches from
// AFTER + 1 on, some of them at a time, and says the number of each that was acknowledged.
import { writeSync } from "node:fs";
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { Json } from "@persys/core";
import { numberedBatch } from "./numbered-batches.ts";
import type { ChildStoreModule } from "./state-store-harness.ts";

const [, , module = "", options = "null", after = "0"] = process.argv;

/** Batches under way at once. */
const window = 8;

/** At once and whole, as a line that is left in a buffer would be lost with the process. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

// Ends with whoever started it.
process.stdin.on("end", () => process.exit(0)).resume();

const url = isAbsolute(module) ? pathToFileURL(module).href : module;
const { openStore } = (await import(url)) as ChildStoreModule;
const store = openStore(JSON.parse(options) as Json);
await store.open(new AbortController().signal);
say("open");

const underWay: Promise<void>[] = [];
for (let n = Number(after) + 1; ; n += 1) {
  if (underWay.length >= window) await underWay.shift();
  underWay.push(store.commit(numberedBatch(n)).then(() => say(String(n))));
}
