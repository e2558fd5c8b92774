import type { Suspect } from "./suspect.ts";
import type { Verdict } from "./try-all.ts";

const kinds = ["runtime", "store", "server"] as const;

/** What came of all that was tried. */
export interface MutantsReport {
  readonly seed: number;
  readonly mutants: readonly Verdict[];
  /** Sound ones, one verdict for each seed. */
  readonly sound: readonly Verdict[];
}

/** Whether every mutant was caught and every sound one let go. */
export function isAsItShouldBe({ mutants, sound }: MutantsReport): boolean {
  return (
    mutants.every(({ finding }) => finding !== undefined) &&
    sound.every(({ finding }) => finding === undefined)
  );
}

/** The report as a person reads it: a line for each mutant, then what is wrong, then the sum. */
export function textLines({ mutants, sound }: MutantsReport): readonly string[] {
  const rows = mutants.map(rowOf);
  const widths = [0, 1].map((at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)));
  const table = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [
    ...(rows.length === 0 ? [] : table),
    ...mutants.filter((it) => it.finding === undefined).flatMap(survivorLines),
    ...sound.filter((it) => it.finding !== undefined).flatMap(wronglyBlamedLines),
    "",
    ...(mutants.length === 0 ? [] : [`caught ${caughtText(mutants)}`]),
    ...soundLines(sound),
  ];
}

/** The report as JSON. */
export function jsonReport(report: MutantsReport): unknown {
  const { seed, mutants, sound } = report;
  return {
    ok: isAsItShouldBe(report),
    seed,
    caught: mutants.filter((it) => it.finding !== undefined).length,
    mutants: mutants.map(({ suspect: { kind, name, breaks, clauseHint }, finding }) => ({
      kind,
      name,
      breaks,
      ...(clauseHint === undefined ? {} : { clauseHint }),
      caughtBy: finding ?? null,
    })),
    sound: sound.map(({ suspect: { kind, name }, seed: ofSeed, finding }) => ({
      kind,
      name,
      seed: ofSeed,
      failure: finding ?? null,
    })),
  };
}

function rowOf({ suspect: { kind, name }, finding, seed }: Verdict): readonly string[] {
  const by = finding === undefined ? "SURVIVES" : `${finding.clause} ${finding.caseId}`;
  return [`${kind}/${name}`, by, `seed ${seed}`];
}

function survivorLines({ suspect: { kind, name, breaks = "" }, seed }: Verdict): string[] {
  return ["", `${kind}/${name} survives seed ${seed}: ${breaks}`];
}

function wronglyBlamedLines({ suspect: { kind, name }, seed, finding }: Verdict): string[] {
  const { clause = "", caseId = "", why = "" } = finding ?? {};
  return ["", `the sound ${kind}, ${name}, fails ${clause} ${caseId} with seed ${seed}: ${why}`];
}

/** `40 of 40 (runtime 20 of 20, store 20 of 20)`. */
function caughtText(mutants: readonly Verdict[]): string {
  const share = (of: readonly Verdict[]): string =>
    `${of.filter((it) => it.finding !== undefined).length} of ${of.length}`;
  const byKind = kinds.flatMap((kind) => {
    const ofKind = mutants.filter(({ suspect }) => suspect.kind === kind);
    return ofKind.length === 0 ? [] : [`${kind}s ${share(ofKind)}`];
  });
  return `${share(mutants)} (${byKind.join(", ")})`;
}

function soundLines(sound: readonly Verdict[]): string[] {
  return [...Map.groupBy(sound, ({ suspect }) => suspect)].map(
    ([{ kind, name }, verdicts]: [Suspect, Verdict[]]) => {
      const passed = verdicts.filter((it) => it.finding === undefined).length;
      return `the sound ${kind}, ${name}, passes ${passed} of ${verdicts.length} seeds`;
    },
  );
}
