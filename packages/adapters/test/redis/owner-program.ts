// Run as a process of its own by OwnerProcess: URL NODE LEASE_MS. Opens the store and says "open <epoch>", or "refused <code>: <message>". For each
// line of input it commits a record of that id, and says "kept" or "failed <code> <effect>".
import { createInterface } from "node:readline";
import { RedisStateStore } from "@persys/adapters/redis";
import { aRecord } from "@persys/conformance";
import { AgentError } from "@persys/core";

const [, , url = "", nodeId = "", leaseMs = ""] = process.argv;
const store = new RedisStateStore({ url, nodeId, leaseMs: Number(leaseMs) });

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function commit(id: string): Promise<void> {
  try {
    await store.commit([{ kind: "put-record", record: aRecord({ id }) }]);
    say("kept");
  } catch (error) {
    if (!AgentError.is(error)) throw error;
    say(`failed ${error.code} ${error.effect}`);
  }
}

try {
  const { epoch } = await store.open(new AbortController().signal);
  say(`open ${epoch}`);
  for await (const id of createInterface(process.stdin)) await commit(id);
} catch (error) {
  if (!AgentError.is(error)) throw error;
  say(`refused ${error.code}: ${error.message}`);
} finally {
  await store.close();
}
