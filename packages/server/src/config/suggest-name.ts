import leven from "leven";

/** The candidate that `name` was most likely meant to be; undefined when none is near. */
export function suggestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  // A third of the name may be wrong: more than that is another word.
  let bestDistance = Math.floor(name.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = leven(name, candidate, { maxDistance: bestDistance });
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}
