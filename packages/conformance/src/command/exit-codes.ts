/** What the exit code of persys-conformance says. Scripts may rely on every one of them. */
export const exitCodes = {
  /** Every clause that was judged is kept, or is broken as it was expected to be. */
  ok: 0,
  /** A clause is broken, or one that was expected to be broken is kept. */
  broken: 1,
  /** The command line, a file it names or the subject cannot be used, or lacks what every case needs; nothing was judged. */
  usage: 2,
  /** Ctrl-C. 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Takes note of the exit code that a command ends with. */
export type Conclude = (code: ExitCode) => void;
