import type { ContainerReport } from "../docker/docker-reports.ts";
import type { WantedService } from "./project-state.ts";

/** One container of a service, as the engine of Docker inspects it. */
export interface SeenContainer {
  readonly service: string;
  /** Compose's hash of what it was made from. */
  readonly hash: string;
  readonly report: ContainerReport;
}

/** How a service stands to what its file wants. */
export interface ServiceVerdict {
  readonly name: string;
  /**
   * `up`: all of it runs. `starting`: on its way, by itself. `unhealthy`: it runs, not well. `done`: it has ended as it should.
   * `failed`: it has ended otherwise, and its file wants it left. `broken`: it has to be put back. `frozen`: it is paused.
   */
  readonly standing: "up" | "starting" | "unhealthy" | "done" | "failed" | "broken" | "frozen";
  /** Why it is not well, as a phrase that names the service; empty where it is. */
  readonly phrase: string;
  /** What its health checks say; `none` where it has none. */
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
  readonly containers: readonly SeenContainer[];
  /** How many containers it lacks. */
  readonly missing: number;
}

/** Restarts after which a service that does not stay up counts as one that restarts in a loop. */
const loopRestarts = 3;
/** A run that lasts so long is no part of a loop, in milliseconds. */
const loopRunMs = 10_000;
/** Longest output of a health check in a phrase, in characters. */
const outputCharsMax = 200;

/** What to judge a service by. */
export interface VerdictContext {
  /** Whether we have stopped the project: whatever has ended then is to run again with it. */
  readonly stopped: boolean;
  readonly nowMs: number;
}

/** Judges one service by its containers. Pure. */
export function verdictOf(
  wanted: WantedService,
  containers: readonly SeenContainer[],
  context: VerdictContext,
): ServiceVerdict {
  const { name } = wanted;
  const missing = Math.max(0, wanted.replicas - containers.length);
  const judged = containers.map((it) => judge(wanted, it.report, context));
  const health = worstHealth(containers);
  const found = (standing: ServiceVerdict["standing"]): Judged | undefined =>
    judged.find((it) => it.standing === standing);
  const base = { name, containers, missing, health };
  if (missing > 0) {
    const phrase =
      containers.length === 0
        ? `service ${name} is gone`
        : `service ${name} lacks ${missing} of ${wanted.replicas} containers`;
    return { ...base, standing: "broken", phrase };
  }
  const worst =
    found("broken") ??
    found("frozen") ??
    found("failed") ??
    found("unhealthy") ??
    found("starting") ??
    found("up");
  return { ...base, ...(worst ?? { standing: "done", phrase: "" }) };
}

interface Judged {
  readonly standing: ServiceVerdict["standing"];
  readonly phrase: string;
}

function judge(wanted: WantedService, report: ContainerReport, context: VerdictContext): Judged {
  const { State } = report;
  const { name } = wanted;
  if (State.Paused) return { standing: "frozen", phrase: `service ${name} is paused` };
  if (State.Restarting) return restarting(wanted, report);
  if (State.Dead || State.Status === "dead" || State.Status === "removing")
    return { standing: "broken", phrase: `service ${name} is being removed` };
  if (State.Running) return running(wanted, report, context);
  if (State.Status === "created")
    return { standing: "broken", phrase: `service ${name} was not started` };
  return ended(wanted, report, context);
}

function running(
  { name }: WantedService,
  report: ContainerReport,
  { nowMs }: VerdictContext,
): Judged {
  const { RestartCount, State } = report;
  const isLooping = RestartCount >= loopRestarts && nowMs - Date.parse(State.StartedAt) < loopRunMs;
  if (isLooping)
    return {
      standing: "unhealthy",
      phrase: `service ${name} restarts in a loop (${RestartCount} times, exit code ${State.ExitCode})`,
    };
  switch (State.Health?.Status) {
    case "unhealthy": {
      const output = State.Health.Log.at(-1)?.Output.trim().slice(0, outputCharsMax) ?? "";
      return {
        standing: "unhealthy",
        phrase: `service ${name} is unhealthy${output && `: ${output}`}`,
      };
    }
    case "starting":
      return { standing: "starting", phrase: `service ${name} has yet to be healthy` };
    default:
      return { standing: "up", phrase: "" };
  }
}

function restarting({ name }: WantedService, { RestartCount, State }: ContainerReport): Judged {
  const how = `(${RestartCount} times, exit code ${State.ExitCode})`;
  return RestartCount >= loopRestarts
    ? { standing: "unhealthy", phrase: `service ${name} restarts in a loop ${how}` }
    : { standing: "starting", phrase: `service ${name} is being restarted ${how}` };
}

function ended(
  { name, restart, restartsMax }: WantedService,
  { RestartCount, State }: ContainerReport,
  { stopped }: VerdictContext,
): Judged {
  const how = `service ${name} ended with exit code ${State.ExitCode}`;
  if (stopped) return { standing: "broken", phrase: `service ${name} is stopped` };
  if (restart === "always" || restart === "unless-stopped")
    return {
      standing: "broken",
      phrase: `service ${name} was stopped, exit code ${State.ExitCode}`,
    };
  if (State.ExitCode === 0) return { standing: "done", phrase: "" };
  if (restart === "no")
    return { standing: "failed", phrase: `${how}, and its file wants it left (restart: no)` };
  if (restart === "on-failure" && restartsMax > 0 && RestartCount >= restartsMax)
    return { standing: "failed", phrase: `${how}, and its ${restartsMax} restarts are used up` };
  return { standing: "broken", phrase: how };
}

function worstHealth(containers: readonly SeenContainer[]): ServiceVerdict["health"] {
  const up = containers.filter((it) => it.report.State.Running);
  const found = up.map((it) => it.report.State.Health?.Status);
  for (const health of ["unhealthy", "starting", "healthy"] as const)
    if (found.includes(health)) return health;
  return "none";
}
