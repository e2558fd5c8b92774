/** What comes of a spec once nothing disturbs it: it runs, ends well, fails for ever, or may end either way. */
type SpecOutcome = "runs" | "completes" | "fails";

/** A spec a simulated user sends. */
export interface SpecChoice {
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly outcome: SpecOutcome;
}

/** The specs that simulated users choose from. The name tells one from the other and begins their revision ids. */
export const specChoices: readonly [SpecChoice, ...SpecChoice[]] = [
  { name: "plain", spec: { program: "serve" }, outcome: "runs" },
  {
    name: "slow",
    spec: { program: "serve", prepareMs: 4_000, startMs: 2_000, stopMs: 3_000 },
    outcome: "runs",
  },
  {
    name: "checked",
    spec: { program: "serve", health: "starting", healthyAfterMs: 3_000 },
    outcome: "runs",
  },
  {
    name: "once",
    spec: { program: "serve", restartPolicy: { policy: "no" }, startMs: 500 },
    outcome: "runs",
  },
  {
    name: "stubborn",
    spec: { program: "serve", stopMs: 60_000, stopGraceSeconds: 5 },
    outcome: "runs",
  },
  {
    name: "job",
    spec: { program: "exit", exitAfterMs: 2_000, restartPolicy: { policy: "no" } },
    outcome: "completes",
  },
  {
    name: "task",
    spec: { program: "exit", restartPolicy: { policy: "on-failure" } },
    outcome: "completes",
  },
  { name: "broken", spec: { program: "exit", exitCode: 1 }, outcome: "fails" },
  {
    name: "brittle",
    spec: {
      program: "exit",
      exitCode: "unknown",
      exitAfterMs: 700,
      restartPolicy: { policy: "on-failure", maxRetryCount: 2 },
    },
    outcome: "fails",
  },
  { name: "sick", spec: { program: "serve", health: "unhealthy" }, outcome: "fails" },
  {
    name: "unpullable",
    spec: { program: "serve", prepareMs: 1_000, prepareFails: "IMAGE_NOT_FOUND" },
    outcome: "fails",
  },
  { name: "portless", spec: { program: "serve", startFails: "PORT_CONFLICT" }, outcome: "fails" },
];

/** The choice a revision id was made from. */
export function choiceOf(revisionId: string): SpecChoice | undefined {
  return specChoices.find((it) => revisionId.startsWith(`${it.name}-`));
}
