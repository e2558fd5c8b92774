import { afterAll } from "vitest";

/** Takes in what is to be undone at some moment; what came last is undone first. */
export type Until = (undo: () => Promise<void>) => void;

/**
 * The end of a suite, for what its `beforeAll` begins: by then it is too late for `afterAll`, which is not called any more. Called while the suite is
 * collected. All is undone, also where some of it fails.
 */
export function untilSuiteEnds(): Until {
  const undos = new AsyncDisposableStack();
  afterAll(() => undos.disposeAsync());
  return (undo) => {
    undos.defer(undo);
  };
}
