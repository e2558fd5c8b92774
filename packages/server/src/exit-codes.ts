/** How the agent ends. */
export const exitCodes = {
  stopped: 0,
  unexpected: 1,
  configuration: 2,
  ownedByOther: 3,
  addressInUse: 4,
  storeUnusable: 5,
  engineFailed: 6,
  stopIncomplete: 7,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What each exit code says, for the documentation and --help. */
export const exitCodeTable: readonly { readonly code: ExitCode; readonly meaning: string }[] = [
  {
    code: exitCodes.stopped,
    meaning: "Stopped as asked (SIGTERM or SIGINT). Workloads go on running.",
  },
  { code: exitCodes.unexpected, meaning: "Unexpected error; the last log line says what." },
  {
    code: exitCodes.configuration,
    meaning: "The settings are wrong; each is named with its rule.",
  },
  {
    code: exitCodes.ownedByOther,
    meaning: "Another agent owns this node id or this state; it is named.",
  },
  { code: exitCodes.addressInUse, meaning: "Cannot listen at the configured address or port." },
  { code: exitCodes.storeUnusable, meaning: "The state cannot be opened." },
  {
    code: exitCodes.engineFailed,
    meaning: "The engine had to stop by itself, such as after another agent took the state over.",
  },
  {
    code: exitCodes.stopIncomplete,
    meaning: "Told to stop, but did not come to an end in time or was told twice.",
  },
];
