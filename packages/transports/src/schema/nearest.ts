/**
 * The candidate that `word` was probably meant to be: the one fewest single-character edits or swaps away, at most a third of the word's
 * length and at least one; case and `_` do not count. Undefined when none is near.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = plain(word);
  // Longer than any name: not worth the time.
  if (wanted.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = edits(wanted, plain(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function plain(word: string): string {
  return word.replaceAll("_", "").toLowerCase();
}

/** The optimal string alignment distance: Levenshtein's, with a swap of neighbours as one edit. */
function edits(from: string, to: string): number {
  const table = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  const cost = (row: number, column: number): number => table[row]?.[column] ?? Infinity;
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    table.push(row);
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      const swapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row.push(
        Math.min(
          cost(i - 1, j - 1) + (same ? 0 : 1),
          cost(i - 1, j) + 1,
          cost(i, j - 1) + 1,
          swapped ? cost(i - 2, j - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return cost(from.length, to.length);
}
