/** Thrown where the program itself is wrong. Never caught to carry on as if nothing had happened. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/**
 * Holds or throws.
 * @throws {InvariantError} with `sentence` when `condition` is false: a bug, not a failure of the world.
 */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new InvariantError(sentence);
}

/** Makes the compiler reject a switch that misses a case; reached only when data contradicts its type. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected value: ${JSON.stringify(value)}`);
}
