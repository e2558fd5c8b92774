/** A delay that doubles with every failure, between a first and a longest one, in milliseconds. */
export function doubled(
  range: { readonly first: number; readonly longest: number },
  failures: number,
): number {
  return Math.min(range.first * 2 ** Math.min(Math.max(failures - 1, 0), 20), range.longest);
}
