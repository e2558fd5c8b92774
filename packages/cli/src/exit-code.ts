/** What the exit code of persysctl says. Scripts may rely on every one of them. */
export const exitCodes = {
  /** All that was asked for is done. */
  ok: 0,
  /** A call failed, or anything else that no other code names. */
  failure: 1,
  /** The command line or a workload file is wrong; nothing was changed. */
  usage: 2,
  /** No such workload. */
  notFound: 3,
  /** The workload failed for good while it was waited for. */
  workloadFailed: 4,
  /** The time given to a wait ran out; the workload goes on. */
  timedOut: 5,
  /** No agent answers at the endpoint. */
  unreachable: 6,
  /** The agent refused the credentials or the caller's role. */
  denied: 7,
  /** Ctrl-C. 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The codes as the help shows them. */
export const exitCodeHelp: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [exitCodes.ok, "done"],
  [exitCodes.failure, "a call failed"],
  [exitCodes.usage, "wrong command line or workload file; nothing was changed"],
  [exitCodes.notFound, "no such workload"],
  [exitCodes.workloadFailed, "the workload failed while it was waited for"],
  [exitCodes.timedOut, "timed out waiting; the workload goes on"],
  [exitCodes.unreachable, "no agent answers at the endpoint"],
  [exitCodes.denied, "credentials missing or refused"],
  [exitCodes.interrupted, "interrupted"],
];
