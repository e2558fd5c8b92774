import type { Figure } from "./figure.ts";

/** A question about speed or size and the way to answer it. */
export interface Bench {
  /** As given on the command line. */
  readonly name: string;
  /** What it measures, in one line. */
  readonly about: string;
  /** Whether it needs the engine that `scripts/test-host` starts. */
  readonly needsDocker?: true;
  /** Measures. `folder` is empty, on a real disk, and removed afterwards; `say` tells a person how it goes. */
  readonly run: (folder: string, say: (line: string) => void) => Promise<readonly Figure[]>;
}
