import assert from "node:assert/strict";
import { AgentError, type Observation, type WorkloadId } from "@persys/core";
import { SeededRandom } from "../seeded-random.ts";
import type { RuntimePromise } from "./runtime-promise.ts";
import { repetitions, type RuntimeStage } from "./runtime-stage.ts";
import { isPossibleState, states } from "./scenes.ts";
import { callOf, type Change } from "./workload-change.ts";

type Ask = (stage: RuntimeStage, id: WorkloadId) => Change;

/** Every changing call, with every kind of argument. */
const asks: Readonly<Record<string, Ask>> = {
  "prepare of the first": (stage, id) => ({ op: "prepare", target: stage.longRunning("r1", id) }),
  "prepare of another": (stage, id) => ({ op: "prepare", target: stage.longRunning("r3", id) }),
  "start of the first": (stage, id) => ({ op: "start", target: stage.longRunning("r1", id) }),
  "replace with the second": (stage, id) => ({
    op: "replace",
    target: stage.longRunning("r2", id),
  }),
  "retire of everything": () => ({ op: "retire", keepDigests: [] }),
  restore: () => ({ op: "restore" }),
  stop: () => ({ op: "stop" }),
  remove: () => ({ op: "remove" }),
};

/** With slow runtimes a few calls are tried in each state, others with another seed. */
const fewAsks = 2;

function asksFor(stage: RuntimeStage, state: string): readonly (readonly [string, Ask])[] {
  const all = Object.entries(asks);
  if (!stage.isSlow) return all;
  const random = new SeededRandom(stage.context.seed + state.length);
  const offset = random.integer(all.length);
  return [...all.slice(offset), ...all.slice(0, offset)].slice(0, fewAsks);
}

/** How a call ended, in a word that is the same for the same end. */
async function endingOf(stage: RuntimeStage, id: WorkloadId, change: Change): Promise<string> {
  const call = callOf(stage.runtime, id, { change, graceMs: 1000, signal: stage.signal });
  const outcome = await stage.outcomeOf(call);
  if ("returned" in outcome) return "success";
  assert.ok(AgentError.is(outcome.thrown), `no AgentError: ${String(outcome.thrown)}`);
  assert.equal(
    outcome.thrown.effect,
    "none",
    `what cannot be done has an effect: ${String(outcome.thrown)}`,
  );
  return outcome.thrown.code;
}

function substanceOf(seen: Observation): unknown {
  if (seen.kind !== "present") return seen.kind;
  return seen.instances.map(({ handle, kept, state, run, exit, startedAtMs }) => {
    return { handle, kept, state, run, exit, startedAtMs };
  });
}

async function repeat(stage: RuntimeStage, state: string, at: number): Promise<void> {
  const [name, ask] = Object.entries(asks)[at] ?? [];
  const begin = states[state];
  assert.ok(name !== undefined && ask !== undefined && begin !== undefined);
  const id = stage.idOf(`i-${at}`);
  await begin(stage, id);
  const change = ask(stage, id);
  const first = await endingOf(stage, id, change);
  const seen = substanceOf(await stage.observe(id));
  for (let time = 1; time < repetitions; time += 1) {
    assert.equal(await endingOf(stage, id, change), first, `${name}, ${time + 1} times`);
    assert.deepEqual(substanceOf(await stage.observe(id)), seen, `${name}, ${time + 1} times`);
  }
  await stage.runtime.remove(id, stage.signal);
}

/** Whatever a call finds, made again it finds it done. */
export const idempotencePromises: readonly RuntimePromise[] = Object.keys(states).map((state) => ({
  id: `every-call-repeats-${state.replaceAll(" ", "-")}`,
  clause: "RT-132",
  level: "MUST",
  title: `every changing call, made ${repetitions} times where a workload is ${state}, does what one does`,
  check: async (stage) => {
    if (!isPossibleState(stage.subject, state))
      return stage.unjudged(state === "paused" ? "pauseBehind" : "removeBehind");
    const chosen = asksFor(stage, state).map(([name]) => Object.keys(asks).indexOf(name));
    await Promise.all(chosen.map((at) => repeat(stage, state, at)));
    await stage.assertNothingLeft();
  },
}));
