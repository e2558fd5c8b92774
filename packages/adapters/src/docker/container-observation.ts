import type { Instance, InstanceExit, InstanceHealth, InstanceState } from "@persys/core";
import {
  configurationOf,
  type ConfigurationDrift,
  driftBetween,
  parseConfiguration,
} from "./container-configuration.ts";
import { containerName, plainName } from "./container-names.ts";
import type { ContainerReport } from "./docker-reports.ts";
import type { OwnershipMarks } from "./container-labels.ts";

/** Longest output of a health check that a status shows, in characters. */
const healthOutputCharsMax = 512;

/** What an inspection does not tell of a container. */
export interface InstanceContext {
  readonly kept: boolean;
  /** What its image is to be told by; undefined when that is gone. */
  readonly imageDigest: string | undefined;
  /** Whether its last run ended for want of memory. */
  readonly isOutOfMemory: boolean;
}

/** A container as the engine of Persys sees it. */
export function toInstance(
  report: ContainerReport,
  marks: OwnershipMarks,
  more: InstanceContext,
): Instance {
  const state = stateOf(report, more);
  const startedAtMs = timeMs(report.State.StartedAt);
  const output = report.State.Health?.Log.at(-1)?.Output.trim();
  return {
    handle: report.Id,
    uid: marks.uid,
    revisionId: marks.revisionId,
    specDigest: marks.specDigest,
    kept: more.kept,
    state,
    health: healthOf(report),
    ...(output ? { healthOutput: output.slice(0, healthOutputCharsMax) } : {}),
    ...(startedAtMs === undefined
      ? {}
      : { run: `${report.Id.slice(0, 12)}/${report.State.StartedAt}`, startedAtMs }),
    ...(state === "exited" ? { exit: exitOf(report, more.isOutOfMemory) } : {}),
    drift: more.kept ? [] : driftOf(report, marks).map((it) => it.phrase),
    facts: factsOf(report, more.imageDigest),
  };
}

/** What was changed behind our back since the container was made. */
export function driftOf(
  report: ContainerReport,
  marks: OwnershipMarks,
): readonly ConfigurationDrift[] {
  // One of an older agent is made again as a whole.
  if (marks.configuration === undefined) return [];
  const should = parseConfiguration(marks.configuration);
  const configurationDrift =
    should === undefined ? [] : driftBetween(should, configurationOf(report));
  return [...nameDrift(report, marks), ...configurationDrift];
}

/** Whether the container can only be removed: the engine failed to. */
export function isDead({ State }: ContainerReport): boolean {
  return State.Dead || State.Status === "dead";
}

function nameDrift(report: ContainerReport, { id }: OwnershipMarks): readonly ConfigurationDrift[] {
  const [is, should] = [plainName(report.Name), containerName(id)];
  if (is === should) return [];
  return [
    { phrase: `name is ${is} instead of ${should}`, repair: { kind: "rename", name: should } },
  ];
}

function stateOf(report: ContainerReport, { kept }: InstanceContext): InstanceState {
  const { State } = report;
  // Engines say that a paused and a restarting container are running as well.
  if (State.Paused) return "paused";
  // It has ended, and the engine is about to start it by a policy that somebody set: that is not the engine's to decide.
  if (State.Restarting) return "exited";
  switch (State.Status) {
    case "running":
      return "running";
    case "created":
      return "created";
    case "removing":
      // It is down. Of a current one, nothing is to be decided before it is gone; one that was set aside is of no concern.
      return kept ? "exited" : "stopping";
    case "exited":
    case "dead":
      return "exited";
    default:
      return State.Running ? "running" : "exited";
  }
}

function healthOf({ State }: ContainerReport): InstanceHealth {
  switch (State.Health?.Status) {
    case "starting":
    case "healthy":
    case "unhealthy":
      return State.Health.Status;
    default:
      return "none";
  }
}

function exitOf(report: ContainerReport, isOutOfMemory: boolean): InstanceExit {
  const { State } = report;
  const endedAtMs = timeMs(State.FinishedAt);
  const end = endedAtMs === undefined ? {} : { endedAtMs };
  if (isDead(report) || endedAtMs === undefined) return { kind: "unknown", ...end };
  const oom = isOutOfMemory ? { oomKilled: true } : {};
  return { kind: "code", code: State.ExitCode, ...oom, ...end };
}

function factsOf(
  report: ContainerReport,
  imageDigest: string | undefined,
): Readonly<Record<string, string>> {
  const { State, NetworkSettings } = report;
  const facts: Record<string, string> = {
    "container.id": report.Id,
    "container.name": plainName(report.Name),
    "container.state": State.Status,
    "container.image": report.Config.Image,
    "container.image_id": report.Image,
  };
  if (imageDigest !== undefined) facts["container.image_digest"] = imageDigest;
  if (timeMs(State.StartedAt) !== undefined) facts["container.started_at"] = State.StartedAt;
  if (State.Running) {
    const addresses = addressesOf(report);
    if (addresses !== "") facts["container.ip_addresses"] = addresses;
    const ports = portsText(NetworkSettings.Ports);
    if (ports !== "") facts["container.ports"] = ports;
  } else if (timeMs(State.FinishedAt) !== undefined) {
    facts["container.finished_at"] = State.FinishedAt;
    facts["container.exit_code"] = String(State.ExitCode);
  }
  return facts;
}

function addressesOf({ NetworkSettings }: ContainerReport): string {
  return Object.values(NetworkSettings.Networks)
    .flatMap((it) => [it.IPAddress, it.GlobalIPv6Address])
    .filter((it) => it !== "")
    .join(",");
}

/** As `docker ps` shows them: `127.0.0.1:8080->80/tcp`. */
function portsText(ports: ContainerReport["NetworkSettings"]["Ports"]): string {
  return Object.entries(ports)
    .flatMap(([port, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => {
        const host = HostIp.includes(":") ? `[${HostIp}]` : HostIp;
        return `${host}:${HostPort}->${port}`;
      }),
    )
    .toSorted()
    .join(", ");
}

/** Unix milliseconds of a time that the engine reports; undefined for one that never was, which engines give as year 1. */
function timeMs(reported: string): number | undefined {
  const ms = Date.parse(reported);
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms;
}
