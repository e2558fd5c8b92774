import { firstFinding, type Finding, type Suspect } from "./suspect.ts";

/** What came of one suspect. */
export interface Verdict {
  readonly suspect: Suspect;
  /** The first case it fails; undefined when it keeps all it was held to. */
  readonly finding: Finding | undefined;
  readonly seed: number;
}

/** How suspects are tried. */
export interface TryOptions {
  readonly seed: number;
  /** Called after every verdict, with how many there are by then. */
  readonly onVerdict?: (verdict: Verdict, count: number) => void;
}

/** So many are under way together: they wait for each other's turns of the event loop anyway. */
const lanes = 8;

/**
 * Holds every suspect to the clauses of its contract. A broken one is let go at the first case it fails. The verdicts come in the
 * order of the suspects.
 */
export async function tryAll(
  suspects: readonly Suspect[],
  { seed, onVerdict = () => {} }: TryOptions,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  let count = 0;
  const waiting = suspects.entries();
  const tryWaiting = async (): Promise<void> => {
    for (const [at, suspect] of waiting) {
      const finding = await firstFinding(suspect, seed);
      const verdict = { suspect, finding, seed };
      verdicts[at] = verdict;
      count += 1;
      onVerdict(verdict, count);
    }
  };
  await Promise.all(Array.from({ length: lanes }, tryWaiting));
  return verdicts;
}
