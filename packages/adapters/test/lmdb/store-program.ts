// Run as a process of its own by StoreProcess: PATH TASK. Writes one line to stdout for each thing that has happened.
//
//   hold   opens the store, says "open <epoch>" and stays
//   load   opens it, then commits batches of two records from 16 writers without end, saying "<writer> <generation>" for each that was
//          acknowledged
//   fill   opens it, commits until the disk is full, says "full <code> <effect> <records>"; at the next line of input deletes one record
//          and commits once more, saying "kept"
import { once } from "node:events";
import { LmdbStateStore } from "@persys/adapters/lmdb";
import { aRecord, anId, aRevision } from "@persys/conformance";
import { AgentError } from "@persys/core";

const [, , path = "", task = ""] = process.argv;
const store = new LmdbStateStore({ path, nodeId: "node-1" });

// A write beyond the limit for files is then an error rather than the end.
process.on("SIGXFSZ", () => {});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function load(writer: number): Promise<never> {
  for (let generation = 1; ; generation += 1) {
    await store.commit([
      { kind: "put-record", record: aRecord({ id: `left-${writer}`, generation }) },
      { kind: "put-record", record: aRecord({ id: `right-${writer}`, generation }) },
    ]);
    say(`${writer} ${generation}`);
  }
}

async function fill(): Promise<void> {
  const wanted = aRevision({ spec: { text: "x".repeat(10_000) } });
  let records = 0;
  try {
    for (; ; records += 1) {
      await store.commit([{ kind: "put-record", record: aRecord({ id: `w${records}`, wanted }) }]);
    }
  } catch (error) {
    if (!AgentError.is(error)) throw error;
    say(`full ${error.code} ${error.effect} ${records}`);
  }
  await once(process.stdin, "data");
  await store.commit([{ kind: "delete-record", id: anId("w0") }]);
  await store.commit([{ kind: "put-record", record: aRecord({ id: "after", wanted }) }]);
  say("kept");
}

const { epoch } = await store.open(new AbortController().signal);
say(`open ${epoch}`);
if (task === "load") await Promise.all(Array.from({ length: 16 }, (_, writer) => load(writer)));
if (task === "fill") await fill();
setInterval(() => {}, 1000);
