// An agent on LMDB and processes that kills itself at a given point, for real. It does what its arguments ask, waits until that is done, and stops.
// Arguments: a JSON object as in `AgentTask`. Every change it makes, and every answer it gets, it notes in the journal at once.
import { appendFileSync } from "node:fs";
import { LmdbStateStore } from "@persys/adapters/lmdb";
import { ProcessRuntime } from "@persys/adapters/process";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { type PortTap, tapRuntime, tapStore } from "@persys/conformance";
import { AgentError, createEngine, type Engine, type WorkloadStatus } from "@persys/core";
import type { AgentTask, Asked, Told } from "./crash-node.ts";

const task = JSON.parse(process.argv[2] ?? "") as AgentTask;
const caller = { identity: "test" };
const changes = ["prepare", "start", "replace", "retire", "restore", "stop", "remove"];
const patienceMs = 40_000;

let points = 0;

/** Before and after each commit and each changing call: reads alone leave no trace. */
const tap: PortTap = async ({ op, revisionId, id }, moment) => {
  const isChange = changes.includes(op);
  if (!isChange && op !== "commit") return;
  points += 1;
  const what = [moment, op, id, revisionId].filter((it) => it !== undefined).join(" ");
  if (points === task.dieAt) {
    appendFileSync(task.journal, `dies ${what}\n`);
    process.kill(process.pid, "SIGKILL");
    await new Promise(() => {});
  }
  if (isChange && moment === "before") appendFileSync(task.journal, `${what.slice(7)}\n`);
};

const engine = createEngine({
  nodeId: task.nodeId,
  version: "test",
  runtimes: [tapRuntime(new ProcessRuntime({ root: task.root, nodeId: task.nodeId }), tap)],
  store: tapStore(new LmdbStateStore({ path: task.state, nodeId: task.nodeId }), tap),
  clock: new SystemClock(),
  random: new SystemRandom(),
  policy: { settleAfterMs: 300, backoffBaseMs: 50, backoffMaxMs: 1_000 },
});

await engine.start(new AbortController().signal);
for (const asked of task.ask) {
  await send(engine, asked);
  appendFileSync(task.journal, `answered ${JSON.stringify(asked)}\n`);
}
const giveUpAtMs = performance.now() + patienceMs;
while (!isAtRest(engine) && performance.now() < giveUpAtMs)
  await new Promise((resolve) => setTimeout(resolve, 5));
const told: Told = {
  isAtRest: isAtRest(engine),
  statuses: engine.api.list({}),
  actions: engine.api.actions({ limit: 0, newestFirst: false }),
};
await engine.stop();
process.stdout.write(JSON.stringify(told));

async function send({ api }: Engine, asked: Asked): Promise<void> {
  const { id } = asked;
  if (asked.kind === "delete") await api.remove(id, caller);
  else if (asked.kind === "want") {
    const { desired } = asked;
    await api.apply({ id, type: undefined, revisionId: "", desired, spec: undefined }, caller);
  } else {
    const { revisionId, spec } = asked;
    await api.apply({ id, type: "process", revisionId, desired: "running", spec }, caller);
  }
}

function isAtRest({ api }: Engine): boolean {
  return api.list({}).every((it) => isSettled(api, it));
}

function isSettled(api: Engine["api"], { id }: WorkloadStatus): boolean {
  try {
    const { next, status } = api.explain(id);
    return next.step === "settled" && status.actual !== "pending" && status.actual !== "unknown";
  } catch (error) {
    if (AgentError.hasCode(error, "NOT_FOUND")) return false;
    throw error;
  }
}
