import type { SeedsOutcome } from "../../src/simulation/run-seeds.ts";

/** What went wrong, with the command that tells it at length; empty when nothing did. */
export function told({ bad }: SeedsOutcome): string {
  return bad
    .map(
      ({ seed, invariant, message }) =>
        `seed ${seed}: ${invariant}: ${message}\n  npm run sim -- --seed ${seed} --trace`,
    )
    .join("\n");
}
