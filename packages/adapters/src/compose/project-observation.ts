import { createHash } from "node:crypto";
import type { Instance, InstanceExit, InstanceHealth } from "@persys/core";
import { containerDrift } from "./project-drift.ts";
import type {
  KeptRevision,
  MadeRevision,
  PreparedRevision,
  ProjectState,
} from "./project-state.ts";
import { type SeenContainer, type ServiceVerdict, verdictOf } from "./service-verdict.ts";

/** What was seen of a project. */
export interface SeenProject {
  readonly state: ProjectState | undefined;
  readonly containers: readonly SeenContainer[];
  /** The creation that the containers are labelled with. */
  readonly uid: string;
  readonly nowMs: number;
}

/** What it comes to. */
export interface ProjectVerdict {
  readonly services: readonly ServiceVerdict[];
  /** Services with containers that were made from something else than ours. */
  readonly changed: readonly string[];
  /** What was changed of the containers of other services, as phrases that name them. */
  readonly drifted: readonly string[];
}

/** Longest status of one service in the facts, in characters. */
const factCharsMax = 300;
/** Longest output of a health check that a status shows, in characters. */
const healthOutputCharsMax = 512;
/** Longest account of how a project ended, in characters. */
const detailCharsMax = 512;
/** Times before this never were. */
const epochMs = 0;

/** The project as the engine of Persys sees it: what is current, and what was set aside. */
export function projectInstances(seen: SeenProject): readonly Instance[] {
  const { state, containers } = seen;
  const kept = state?.kept === undefined ? [] : [keptInstance(state.id, state.kept)];
  if (containers.length === 0) return kept;
  return [currentInstance(seen), ...kept];
}

/** Holds a project's containers against what its revision wants. */
export function judgeProject(seen: SeenProject): ProjectVerdict {
  const { state, containers, nowMs } = seen;
  const made = state?.current;
  if (made === undefined) return { services: [], changed: [], drifted: [] };
  const context = { stopped: state?.stopped ?? false, nowMs };
  const services = made.revision.services.map((wanted) =>
    verdictOf(
      wanted,
      containers.filter((it) => it.service === wanted.name),
      context,
    ),
  );
  const changed = services
    .filter(({ name, containers: own }) => {
      const hash = Object.hasOwn(made.hashes, name) ? made.hashes[name] : undefined;
      return hash !== undefined && own.some((it) => it.hash !== hash);
    })
    .map((it) => it.name);
  const drifted = containerDrift({ configurations: state?.configurations ?? {}, containers })
    .filter((it) => it.isLive && !changed.includes(it.service))
    .map((it) => it.phrase);
  return { services, changed, drifted };
}

/** Names this run of the project: which containers there are, and when each was started. */
export function runOf(made: Pick<MadeRevision, "sequence" | "turn">, seen: SeenProject): string {
  const starts = seen.containers.map(({ report }) => `${report.Id} ${report.State.StartedAt}`);
  const hash = createHash("sha256").update(starts.join("\n")).digest("hex").slice(0, 16);
  return `${made.sequence}.${made.turn}/${hash}`;
}

/** When the last of its containers was started, Unix milliseconds. */
export function startedAtMs({ containers }: SeenProject): number | undefined {
  return latest(containers.map(({ report }) => Date.parse(report.State.StartedAt)));
}

function currentInstance(seen: SeenProject): Instance {
  const { state, containers } = seen;
  const made = state?.current;
  const verdict = judgeProject(seen);
  const condition = conditionOf(seen);
  const startedMs = startedAtMs(seen);
  return {
    handle: handleOf(made, containers),
    uid: made?.uid ?? seen.uid,
    revisionId: made?.revisionId ?? "",
    specDigest: made?.specDigest ?? "",
    kept: false,
    ...condition,
    ...healthOf(verdict.services, condition.state === "running"),
    ...(startedMs === undefined || condition.state === "created"
      ? {}
      : {
          run: runOf(made ?? { sequence: 0, turn: 0 }, seen),
          startedAtMs: startedMs,
        }),
    ...(condition.state === "exited" ? { exit: exitOf(verdict.services, seen) } : {}),
    drift: condition.state === "running" ? driftOf(made, verdict) : [],
    facts: factsOf(made, verdict.services),
  };
}

function handleOf(made: MadeRevision | undefined, containers: readonly SeenContainer[]): string {
  const [first] = containers;
  return made === undefined
    ? `unknown/${first?.report.Id ?? ""}`
    : `${made.revision.project}/${made.sequence}`;
}

function conditionOf({ containers }: SeenProject): Pick<Instance, "state"> {
  const states = containers.map((it) => it.report.State);
  const live = states.filter((it) => it.Running || it.Paused || it.Restarting);
  if (live.length > 0) return { state: live.every((it) => it.Paused) ? "paused" : "running" };
  return { state: states.every((it) => it.Status === "created") ? "created" : "exited" };
}

/** What a service that is left as it is says of the project: it is not well, and nothing is done about it. */
function healthOf(
  services: readonly ServiceVerdict[],
  isUp: boolean,
): Pick<Instance, "health" | "healthOutput"> {
  if (!isUp) return { health: "none" };
  const unwell = services.filter((it) => it.standing === "failed" || it.standing === "unhealthy");
  if (unwell.length > 0) return told("unhealthy", unwell);
  const starting = services.filter((it) => it.standing === "starting");
  if (starting.length > 0) return told("starting", starting);
  return { health: services.some((it) => it.health === "healthy") ? "healthy" : "none" };
}

function told(
  health: InstanceHealth,
  services: readonly ServiceVerdict[],
): Pick<Instance, "health" | "healthOutput"> {
  const healthOutput = services.map((it) => it.phrase).join("; ");
  return { health, healthOutput: healthOutput.slice(0, healthOutputCharsMax) };
}

/** What has to be put right while the rest goes on. */
function driftOf(made: MadeRevision | undefined, verdict: ProjectVerdict): readonly string[] {
  if (made === undefined) return [];
  const broken = verdict.services
    .filter((it) => it.standing === "broken" || it.standing === "frozen")
    .map((it) => it.phrase);
  if (!made.finished) return broken.length > 0 ? broken : ["it was not brought up to the end"];
  const changed = verdict.changed.map((it) => `service ${it} was made from something else`);
  return [...broken, ...changed, ...verdict.drifted];
}

/**
 * The end of a project is that of its services: the first that has failed tells. While one is down that is always to run, nothing has ended as it
 * should, whatever it ended with.
 */
function exitOf(
  services: readonly ServiceVerdict[],
  { containers, state }: Pick<SeenProject, "containers" | "state">,
): InstanceExit {
  const endedMs = latest(containers.map(({ report }) => Date.parse(report.State.FinishedAt)));
  const end = endedMs === undefined ? {} : { endedAtMs: endedMs };
  const ended = containers.filter((it) => it.report.State.Status === "exited");
  const failed = ended.find((it) => it.report.State.ExitCode !== 0);
  const isStopped = state?.stopped ?? false;
  const detail = isStopped ? {} : detailOf(services);
  if (failed !== undefined)
    return { kind: "code", code: failed.report.State.ExitCode, ...end, ...detail };
  const isWhole =
    ended.length === containers.length &&
    services.length > 0 &&
    services.every((it) => it.missing === 0 && (isStopped || it.standing !== "broken"));
  return isWhole ? { kind: "code", code: 0, ...end } : { kind: "unknown", ...end, ...detail };
}

/** Which services have not ended as they should. */
function detailOf(services: readonly ServiceVerdict[]): Pick<InstanceExit, "detail"> {
  const phrases = services.map((it) => it.phrase).filter((it) => it !== "");
  return phrases.length === 0 ? {} : { detail: phrases.join("; ").slice(0, detailCharsMax) };
}

function factsOf(
  made: MadeRevision | undefined,
  services: readonly ServiceVerdict[],
): Readonly<Record<string, string>> {
  return {
    ...(made === undefined ? {} : revisionFacts(made.revision)),
    ...Object.fromEntries(
      services.map((it) => [`compose.service.${it.name}`, serviceFact(it).slice(0, factCharsMax)]),
    ),
  };
}

function revisionFacts({ git, project }: PreparedRevision): Readonly<Record<string, string>> {
  return {
    "compose.project": project,
    ...(git === undefined
      ? {}
      : {
          "compose.git.repository": git.repository,
          ...(git.ref === "" ? {} : { "compose.git.ref": git.ref }),
          "compose.git.path": git.path,
          "compose.git.commit": git.commit,
        }),
  };
}

/** `2/2 running, healthy, image web:1 (sha256:…)`. */
function serviceFact({ containers, health, missing, standing, phrase }: ServiceVerdict): string {
  const running = containers.filter((it) => it.report.State.Running).length;
  const [first] = containers;
  const restarts = containers.reduce((sum, it) => sum + it.report.RestartCount, 0);
  const code = first?.report.State.ExitCode ?? 0;
  return [
    `${running}/${containers.length + missing} running`,
    standing === "done" || standing === "failed" ? `${standing}, exit code ${code}` : "",
    standing === "broken" || standing === "frozen" ? phrase : "",
    health === "none" ? "" : health,
    restarts === 0 ? "" : `${restarts} restarts`,
    first === undefined ? "" : `image ${first.report.Config.Image} (${first.report.Image})`,
  ]
    .filter((it) => it !== "")
    .join(", ");
}

function keptInstance(id: string, kept: KeptRevision): Instance {
  return {
    handle: `${kept.revision.project}/${kept.sequence}`,
    uid: kept.uid,
    revisionId: kept.revisionId,
    specDigest: kept.specDigest,
    kept: true,
    health: "none",
    ...(kept.run === undefined
      ? { state: "created" }
      : {
          state: "exited",
          run: kept.run,
          exit: { kind: "unknown" },
          ...(kept.startedAtMs === undefined ? {} : { startedAtMs: kept.startedAtMs }),
        }),
    drift: [],
    facts: { ...revisionFacts(kept.revision), "compose.workload": id },
  };
}

/** The latest of times of the engine's, which gives those that never were as of the year 1. */
function latest(times: readonly number[]): number | undefined {
  const known = times.filter((it) => it > epochMs);
  return known.length === 0 ? undefined : Math.max(...known);
}
