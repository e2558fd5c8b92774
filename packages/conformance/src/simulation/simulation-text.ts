import { type AllHits, hitKinds, type HitKind, wantedHits } from "./hits.ts";
import { commandText, type Life } from "./life.ts";
import type { LifeNames } from "./life-arbitrary.ts";
import type { SeedsOutcome } from "./run-seeds.ts";
import type { LifeOutcome } from "./simulated-life.ts";

const headings: Readonly<Record<HitKind, string>> = {
  steps: "steps of the engine",
  faults: "faults and other happenings",
  requests: "requests",
  deaths: "deaths of the agent, by boundary",
};

/** How often everything was met, a line for each kind, and a line for what was never met. */
export function hitLines(hits: AllHits, names: LifeNames): readonly string[] {
  const wanted = wantedHits(names);
  return hitKinds.flatMap((kind) => {
    const counts = hits[kind];
    const met = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
    const missing = missingOf(counts, wanted[kind]);
    const never = missing.length === 0 ? [] : [`  NEVER MET: ${missing.join(", ")}`];
    return [`${headings[kind]}: ${met.join(", ")}`, ...never];
  });
}

/** What a run should have met and has not. */
export function neverMet(hits: AllHits, names: LifeNames): readonly string[] {
  const wanted = wantedHits(names);
  return hitKinds.flatMap((kind) => missingOf(hits[kind], wanted[kind]));
}

/** The closing line of a run. */
export function closingLine(outcome: SeedsOutcome, elapsedMs: number): string {
  const { seeds, portCalls, portCallsMin, workloadsMin, bad } = outcome;
  const seconds = elapsedMs / 1_000;
  const rate = (count: number): string => Math.round(count / seconds).toLocaleString("en");
  const least =
    seeds === bad.length
      ? ""
      : `; least in a life: ${workloadsMin} workloads, ${portCallsMin} port calls in trouble`;
  return (
    `${seeds.toLocaleString("en")} seeds, ${bad.length} violations ` +
    `(${seconds.toFixed(1)} s, ${rate(seeds)} seeds/s, ${rate(portCalls)} port calls/s${least})`
  );
}

/** A life that broke an invariant: which, what happened in it, and how. */
export function violationLines(
  seed: number,
  life: Life,
  { violation, trace }: Pick<LifeOutcome, "violation" | "trace">,
): readonly string[] {
  const { delayed, shuffled, narrow, events, resync, commands } = life;
  const circumstances = [
    delayed.length === 0 ? "no call takes long" : `calls that may take long: ${delayed.join(", ")}`,
    shuffled ? "calls go on in an order of chance" : "calls go on in their order",
    ...(narrow ? ["place for one call at a time"] : []),
    ...(events ? [] : ["no events"]),
    ...(events && !resync ? ["no regular lists"] : []),
  ];
  return [
    `seed ${seed}: ${violation?.invariant ?? ""} is broken: ${violation?.message ?? ""}`,
    "",
    `  ${circumstances.join("; ")}`,
    `  ${commands.length} commands:`,
    ...commands.map((command) => `    ${commandText(command)}`),
    "",
    "  what happened (* command, ? request, = answer, > call, < return, ! trouble):",
    ...trace.map((line) => `  ${line}`),
  ];
}

function missingOf(
  counts: Readonly<Record<string, number>>,
  wanted: readonly string[],
): readonly string[] {
  return wanted.filter((name) => (counts[name] ?? 0) === 0);
}
