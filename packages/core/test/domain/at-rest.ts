import { actualState } from "../../src/domain/derive-status.ts";
import { isLive } from "../../src/domain/observation.ts";
import type { WorkloadRecord } from "../../src/domain/workload-record.ts";
import type { ModelAgent } from "./model-agent.ts";

/** What is wrong with where a workload has come to rest; empty when nothing is. */
export function faultsAtRest(agent: ModelAgent): readonly string[] {
  const { record, runtime } = agent;
  if (record === undefined) return runtime.isEmpty ? [] : ["something is left of what was deleted"];
  if (record.desired === "deleted") return ["it is still there"];
  const isDouble = liveOnes(agent).length > 1 ? ["two live instances"] : [];
  return [...isDouble, ...faultsOf(agent, record), ...changesAtRest(agent)];
}

function faultsOf(agent: ModelAgent, record: WorkloadRecord): readonly string[] {
  const { wanted } = record;
  if (record.desired === "stopped") return faultsOfStopped(agent, record);
  if (wanted.completed) return faultsOfCompleted(agent, record);
  if (wanted.givenUp !== undefined || wanted.trial.attempts > 0)
    return faultsOfFailing(agent, record);
  return faultsOfRunning(agent, record);
}

function faultsOfStopped(agent: ModelAgent, record: WorkloadRecord): readonly string[] {
  const { givenUp, trial } = record.wanted;
  const state = stateOf(agent, record);
  const isPrepareFailing = givenUp !== undefined || trial.attempts > 0;
  return holds([
    [liveOnes(agent).length === 0, "it runs though it is to be stopped"],
    [isPrepareFailing || state === "stopped", `stopped, but said to be ${state}`],
  ]);
}

function faultsOfCompleted(agent: ModelAgent, record: WorkloadRecord): readonly string[] {
  const { wanted } = record;
  const state = stateOf(agent, record);
  return holds([
    [
      liveOnes(agent).every((it) => it.revisionId === wanted.revisionId),
      "another revision runs than the one that has completed",
    ],
    [agent.runtime.finished.has(wanted.revisionId), "completed without having ended by itself"],
    [state === "stopped", `completed, but said to be ${state}`],
    ...tidinessOf(agent, record),
  ]);
}

function faultsOfFailing(agent: ModelAgent, record: WorkloadRecord): readonly string[] {
  const { wanted, fallback } = record;
  const { runtime } = agent;
  const { current } = runtime;
  const state = stateOf(agent, record);
  const isWantedTried = wanted.givenUp === undefined && wanted.prepared;
  const isFallbackDue =
    !isWantedTried &&
    fallback !== undefined &&
    !fallback.completed &&
    fallback.restart.kind !== "no" &&
    fallback.resting !== true &&
    fallback.givenUp === undefined &&
    fallback.trial.attempts === 0;
  const fallbackRuns = current?.state === "running" && current.revisionId === fallback?.revisionId;
  return holds([
    [state === "failed", `failing, but said to be ${state}`],
    [!isFallbackDue || fallbackRuns, "the last settled revision does not run"],
    [!isFallbackDue || runtime.kept === undefined, "something is still set aside"],
    [!isTriedInVain(agent, record), "nothing runs, though the last settled revision could"],
  ]);
}

/** Whether the wanted revision has had its chances, and is tried on though there is one to fall back to. */
function isTriedInVain(agent: ModelAgent, { wanted, fallback }: WorkloadRecord): boolean {
  const { restoreAfterAttempts, updatePolicy } = agent.policy;
  const isWantedTried = wanted.givenUp === undefined && wanted.prepared;
  const couldRun =
    fallback?.completed === false &&
    fallback.restart.kind !== "no" &&
    fallback.givenUp === undefined;
  const isWornOut = wanted.trial.attempts > restoreAfterAttempts;
  const isDown = liveOnes(agent).length === 0;
  return updatePolicy === "restore" && isWantedTried && couldRun && isWornOut && isDown;
}

function faultsOfRunning(agent: ModelAgent, record: WorkloadRecord): readonly string[] {
  const { wanted } = record;
  const { current } = agent.runtime;
  const state = stateOf(agent, record);
  const isUp = current?.state === "running" && current.revisionId === wanted.revisionId;
  if (isUp && current.health === "unhealthy")
    return holds([[state === "failed", `unhealthy, but said to be ${state}`]]);
  return holds([
    [isUp, "the wanted revision does not run"],
    [state === "running", `running, but said to be ${state}`],
    ...tidinessOf(agent, record),
  ]);
}

function tidinessOf({ runtime }: ModelAgent, record: WorkloadRecord): readonly Rule[] {
  const { wanted, fallback, leftovers } = record;
  return [
    [runtime.kept === undefined, "something is still set aside"],
    [fallback === undefined && !leftovers, "what came before is not retired"],
    [
      [...runtime.prepared].every((digest) => digest === wanted.digest),
      "prepared things of other revisions are left",
    ],
  ];
}

/** At rest nothing is done and nothing is written, however much time passes and however often the agent is restarted (I11). */
function changesAtRest(agent: ModelAgent): readonly string[] {
  if (agent.turn()?.kind !== "settled") return [];
  const before = JSON.stringify(agent.record);
  const seen = JSON.stringify(agent.runtime.observe());
  agent.advance(3_600_000);
  // What ends by itself in its own time is not at rest yet.
  if (JSON.stringify(agent.runtime.observe()) !== seen) return [];
  agent.restart();
  const step = agent.turn();
  return holds([
    [step?.kind === "settled", `${step?.kind} of what was at rest`],
    [JSON.stringify(agent.record) === before, "something is written at rest"],
  ]);
}

type Rule = readonly [isSo: boolean, sentence: string];

function holds(rules: readonly Rule[]): readonly string[] {
  return rules.filter(([isSo]) => !isSo).map(([, sentence]) => sentence);
}

function stateOf(agent: ModelAgent, record: WorkloadRecord): string {
  return actualState(record, {}, agent.nowMs);
}

function liveOnes({ runtime }: ModelAgent): readonly { readonly revisionId: string }[] {
  return [runtime.current, runtime.kept]
    .filter((it) => it !== undefined && isLive(it))
    .map((it) => ({ revisionId: it?.revisionId ?? "" }));
}
