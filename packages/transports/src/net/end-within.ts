/** How long calls that were cut off have to say so before their connections are destroyed, in milliseconds. */
const lastWordsMs = 250;

/** How the connections of a server come to an end. */
export interface Ending {
  /** Resolves when every connection is closed. */
  readonly closed: Promise<void>;
  /** Ends the calls that are still under way. */
  readonly cutOff: () => void;
  /** Destroys what is left. */
  readonly destroy: () => void;
}

/** Lets calls under way finish for `graceMs` milliseconds, then cuts them off, and soon after destroys what is left. Resolves when all is closed. */
export async function endWithin(
  graceMs: number,
  { closed, cutOff, destroy }: Ending,
): Promise<void> {
  if (await within(closed, graceMs)) return;
  cutOff();
  if (await within(closed, lastWordsMs)) return;
  destroy();
  await closed;
}

/** Whether `promise` resolves within a time. */
async function within(promise: Promise<void>, timeMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), timeMs);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
