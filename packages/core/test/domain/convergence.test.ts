import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { actualState } from "../../src/domain/derive-status.ts";
import { faultsAtRest } from "./at-rest.ts";
import { type Fault, ModelAgent, type Request } from "./model-agent.ts";
import { modelRevisions } from "./model-revisions.ts";
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
  {
    weight: 1,
    arbitrary: fc.constantFrom({ kind: "delete" } as const, { kind: "retry" } as const),
  },
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

/** What a request that changed something has to come to when nothing goes wrong after it, whatever went wrong before. */
function missedGoal(agent: ModelAgent): readonly string[] {
  const { record } = agent;
  if (record?.desired !== "running") return [];
  const { revisionId } = record.wanted;
  const state = actualState(record, {}, agent.nowMs);
  if (["serves", "servesToo", "healthy"].includes(revisionId) && state !== "running")
    return [`${revisionId} is ${state}`];
  // A job that was paused may have been up for long enough before it ends.
  if (revisionId === "job" && state !== "stopped" && state !== "running")
    return [`${revisionId} is ${state}`];
  return [];
}

function judged(agent: ModelAgent): void {
  const found = [...agent.violations, ...agent.runtime.violations];
  if (found.length === 0) return;
  throw new Error(
    `${found.join("; ")}\n${agent.log.join("\n")}\n${JSON.stringify(agent.record, undefined, 1)}\n${JSON.stringify(agent.runtime.observe())}`,
  );
}

/** Set PERSYS_CONVERGENCE_RUNS to search deeper. */
const runs = Number(process.env["PERSYS_CONVERGENCE_RUNS"] ?? 1_000);

describe.each(["restore", "keep-trying"] as const)("with the update policy %s", (updatePolicy) => {
  it("everything comes to rest as wanted once faults stop, and nothing forbidden happens on the way (I3, I4, I6, I7, I8, I10)", () => {
    fc.assert(
      fc.property(fc.array(aMove, { maxLength: 40, size: "max" }), aRequest, (moves, last) => {
        const agent = new ModelAgent({ updatePolicy });
        agent.request({ kind: "apply", revision: "serves", desired: "running" });
        play(agent, moves);
        const before = agent.record?.generation;
        agent.request(last);
        const isChanged = agent.record?.generation !== before;
        converge(agent);
        agent.violations.push(...faultsAtRest(agent), ...(isChanged ? missedGoal(agent) : []));
        judged(agent);
        agent.request({ kind: "delete" });
        converge(agent);
        agent.violations.push(...faultsAtRest(agent));
        judged(agent);
        expect(agent.record).toBeUndefined();
      }),
      { numRuns: runs },
    );
  }, 600_000);
});
