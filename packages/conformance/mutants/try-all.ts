import { StrayErrors } from "../src/runner/stray-errors.ts";
import { firstFinding, type Finding, type Suspect } from "./suspect.ts";

/** A suspect to be held to its contract with a seed. */
export interface Trial {
  readonly suspect: Suspect;
  readonly seed: number;
}

/** What came of a trial. */
export interface Verdict extends Trial {
  /** The first case it fails; undefined when it keeps all it was held to. */
  readonly finding: Finding | undefined;
}

/** So many are under way together. Those in made time wait for turns of the event loop, servers for their sockets. */
const lanes = 4;

/**
 * Holds every suspect to the clauses of its contract. A broken one is let go at the first case it fails. The verdicts come in the order of
 * the trials; `onVerdict` hears of them as they come, with how many there are by then.
 */
export async function tryAll(
  trials: readonly Trial[],
  onVerdict: (verdict: Verdict, count: number) => void = () => {},
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const strays = new StrayErrors(() => {});
  const unlisten = strays.listen();
  let count = 0;
  const waiting = trials.entries();
  const tryWaiting = async (): Promise<void> => {
    for (const [at, trial] of waiting) {
      const verdict = { ...trial, finding: await tryOne(trial, strays) };
      verdicts[at] = verdict;
      count += 1;
      onVerdict(verdict, count);
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, tryWaiting));
  } finally {
    unlisten();
  }
  return verdicts;
}

/** What is broken may leave errors that nobody handles, and is not caught by that alone; what is sound leaves none. */
async function tryOne({ suspect, seed }: Trial, strays: StrayErrors): Promise<Finding | undefined> {
  const left: unknown[] = [];
  const owner = { onStray: (error: unknown): void => void left.push(error) };
  const finding = await strays.watch(owner, () => firstFinding(suspect, seed));
  if (finding !== undefined || left.length === 0 || suspect.breaks !== undefined) return finding;
  const why = `an error that nobody handles: ${String(left[0])}`;
  return { clause: "no clause", caseId: "no case", level: "MUST", seed, why };
}
