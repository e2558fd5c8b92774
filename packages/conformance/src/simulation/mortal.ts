/** Someone who may die, after which nothing that it does has any effect. */
export interface Mortal {
  readonly isDead: boolean;
}

/** A promise that nobody keeps: what a call of the dead gets. */
export function never(): Promise<never> {
  return new Promise(() => {});
}
