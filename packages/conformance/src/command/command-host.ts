import type { Writable } from "node:stream";

/** A stream to a person or a program. `isTTY` and `columns` are those of a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** All that a command takes from its process, so that it can run without one. */
export interface CommandHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** The signal that aborts when the user interrupts. Asked for by commands that end in an orderly way then. */
  readonly interrupt: () => AbortSignal;
}
