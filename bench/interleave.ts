/** One way to do the work that is compared. Returns one or more samples. */
export type Contender = () => Promise<readonly number[]>;

/**
 * Lets the contenders take turns for `rounds` rounds, the first of which counts for nothing, and gives the samples of each. A machine that
 * becomes slower or faster meanwhile does so for all of them; the order turns round every time.
 */
export async function interleave<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, Contender>>,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const names = Object.keys(contenders) as Name[];
  const samples = Object.fromEntries(names.map((name): [Name, number[]] => [name, []])) as Record<
    Name,
    number[]
  >;
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const taken = await contenders[name]();
      if (round > 0) samples[name].push(...taken);
    }
  }
  return samples;
}
