import type { Readable, Writable } from "node:stream";

/** A stream to a person or a program. `isTTY` and `columns` are those of a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** All that persysctl takes from its process, so that a command can run without one. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDir: string;
  /** The user's id; undefined where the platform has none. */
  readonly userId: number | undefined;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly now: () => number;
}
