import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { actualState } from "../../src/domain/derive-status.ts";
import { isLive, keptInstance } from "../../src/domain/observation.ts";
import { type Fault, ModelAgent, type Request } from "./model-agent.ts";
import { behaviourOf, modelRevisions } from "./model-revisions.ts";
import { type Disturbance, disturbances } from "./model-runtime.ts";

type Move =
  | {
      readonly kind: "turn";
      readonly fault: Fault;
      readonly meanwhile: Request | Disturbance | undefined;
    }
  | { readonly kind: "request"; readonly request: Request }
  | { readonly kind: "disturb"; readonly what: Disturbance }
  | { readonly kind: "advance"; readonly ms: number };

const faults: readonly Fault[] = [
  "none",
  "crashBefore",
  "crashMidway",
  "crashAfter",
  "failBefore",
  "failBeforeUnknown",
  "failMidway",
  "failAfter",
  "unreadable",
];

const aRequest: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("apply"),
      revision: fc.constantFrom(...modelRevisions),
      desired: fc.constantFrom("running", "running", "running", "stopped"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("want"),
      desired: fc.constantFrom("running", "stopped"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("delete", "retry") }) },
);

const aDisturbance: fc.Arbitrary<Disturbance> = fc.constantFrom(...disturbances);

const aMove: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("turn"),
      fault: fc.oneof(
        { weight: 3, arbitrary: fc.constant("none" as const) },
        fc.constantFrom(...faults),
      ),
      meanwhile: fc.option(fc.oneof(aRequest, aDisturbance), { nil: undefined, freq: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("request"), request: aRequest }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("disturb"), what: aDisturbance }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("advance"),
      ms: fc.constantFrom(100, 600, 1_000, 4_000, 11_000, 60_000),
    }),
  },
);

function play(agent: ModelAgent, moves: readonly Move[]): void {
  for (const move of moves) {
    if (move.kind === "request") agent.request(move.request);
    else if (move.kind === "advance") agent.advance(move.ms);
    else if (move.kind === "disturb") disturb(agent, move.what);
    else {
      const { meanwhile } = move;
      agent.turn(move.fault, () => {
        if (typeof meanwhile === "string") disturb(agent, meanwhile);
        else if (meanwhile !== undefined) agent.request(meanwhile);
      });
    }
  }
}

function disturb(agent: ModelAgent, what: Disturbance): void {
  agent.log.push(`${agent.nowMs} disturb ${what}`);
  agent.runtime.disturb(what, agent.nowMs);
}

/** Steps in a row without time passing, and in all, within which a workload comes to rest. */
const atOnceMax = 12;
const turnsMax = 150;

/** Lets the loop go on without faults until there is nothing to do, or nothing but a back-off as long as it gets. */
function converge(agent: ModelAgent): void {
  let atOnce = 0;
  for (let turn = 0; turn < turnsMax; turn += 1) {
    const step = agent.turn();
    if (step === undefined) return;
    if (step.kind === "settled") return;
    if (step.kind === "wait") {
      atOnce = 0;
      agent.advance(Math.max(1, step.untilMs - agent.nowMs));
      continue;
    }
    atOnce += 1;
    if (atOnce > atOnceMax) {
      agent.violations.push(`more than ${atOnceMax} steps without time passing`);
      return;
    }
  }
  const { record } = agent;
  if (record === undefined) return;
  const delayMs = Math.max(record.wanted.trial.delayMs, record.fallback?.trial.delayMs ?? 0);
  if (delayMs < 300_000) agent.violations.push(`no rest within ${turnsMax} turns`);
}

/** What is wrong with where a workload has come to rest; empty when nothing is. */
function faultsAtRest(agent: ModelAgent): readonly string[] {
  const { record, runtime } = agent;
  if (record === undefined) return runtime.isEmpty ? [] : ["something is left of what was deleted"];
  if (record.desired === "deleted") return ["it is still there"];
  const found: string[] = [];
  const observation = runtime.observe();
  const live = [runtime.current, runtime.kept].filter(
    (instance) => instance !== undefined && isLive(instance),
  );
  if (live.length > 1) found.push("two live instances");
  const state = actualState(record, {}, agent.nowMs);
  if (record.desired === "stopped") {
    if (live.length > 0) found.push("it runs though it is to be stopped");
    if (
      record.wanted.givenUp === undefined &&
      record.wanted.trial.attempts === 0 &&
      state !== "stopped"
    )
      found.push(`stopped, but said to be ${state}`);
    return found;
  }
  const { wanted, fallback } = record;
  if (wanted.completed) {
    if (live.length > 0 && live[0]?.revisionId !== wanted.revisionId)
      found.push("another revision runs");
    if (state !== "stopped") found.push(`completed, but said to be ${state}`);
    if (record.leftovers || fallback !== undefined || keptInstance(observation) !== undefined)
      found.push("not tidied up");
    return found;
  }
  const isTrying = wanted.trial.attempts > 0 && wanted.givenUp === undefined;
  if (wanted.givenUp !== undefined || isTrying) {
    if (state !== "failed") found.push(`failing, but said to be ${state}`);
    const isFallbackDue =
      fallback !== undefined && fallback.givenUp === undefined && !fallback.completed;
    const isReplaced = isTrying && wanted.prepared;
    if (
      isFallbackDue &&
      fallback.trial.attempts === 0 &&
      !isReplaced &&
      (runtime.current?.revisionId !== fallback.revisionId || runtime.current.state !== "running")
    )
      found.push("the last settled revision does not run");
    return found;
  }
  if (wanted.revisionId !== runtime.current?.revisionId)
    found.push("the wanted revision does not run");
  if (runtime.current?.state !== "running") found.push("the wanted revision is not up");
  if (runtime.current?.health === "unhealthy") return found;
  if (state !== "running") found.push(`running, but said to be ${state}`);
  if (keptInstance(observation) !== undefined) found.push("something is still set aside");
  if (fallback !== undefined || record.leftovers) found.push("not retired");
  if ([...runtime.prepared].some((digest) => digest !== wanted.digest))
    found.push("prepared things are left");
  return found;
}

function judged(agent: ModelAgent): void {
  const found = [...agent.violations, ...agent.runtime.violations];
  if (found.length === 0) return;
  throw new Error(
    `${found.join("; ")}\n${agent.log.join("\n")}\n${JSON.stringify(agent.record, undefined, 1)}\n${JSON.stringify(agent.runtime.observe())}`,
  );
}

const runs = Number(process.env["PERSYS_CONVERGENCE_RUNS"] ?? 3_000);

describe.each(["restore", "keep-trying"] as const)("with the update policy %s", (updatePolicy) => {
  it("everything comes to rest as wanted once faults stop, and nothing forbidden happens on the way (I3, I4, I6, I7, I8, I10)", () => {
    fc.assert(
      fc.property(fc.array(aMove, { maxLength: 40 }), aRequest, (moves, last) => {
        const agent = new ModelAgent({ updatePolicy });
        agent.request({ kind: "apply", revision: "serves", desired: "running" });
        play(agent, moves);
        agent.request(last);
        converge(agent);
        agent.violations.push(...faultsAtRest(agent));
        judged(agent);
        agent.request({ kind: "delete" });
        converge(agent);
        agent.violations.push(...faultsAtRest(agent));
        judged(agent);
        expect(agent.record).toBeUndefined();
      }),
      { numRuns: runs },
    );
  });
});

void behaviourOf;
