import { createHash } from "node:crypto";
import type { Glance, Instance, InstanceExit, InstanceState, Observation } from "@persys/core";
import type { DefinitionMarks, DomainOwnership } from "./domain-ownership.ts";
import { domainPausedReason, domainShutoffReason, domainState } from "./rpc/index.ts";

/** A domain of ours as one look shows it. */
export interface SeenDomain {
  readonly ownership: DomainOwnership;
  readonly name: string;
  readonly uuid: string;
  /** libvirt's number for the run; -1 while it is down. */
  readonly domainId: number;
  /** `virDomainState`. */
  readonly state: number;
  /** Of the enumeration that goes with the state. */
  readonly reason: number;
}

/** What a workload's domain is to the engine: one instance, and the one that is kept as a description. */
export function observationOf(domain: SeenDomain): Observation {
  return { kind: "present", instances: instancesOf(domain), glance: glanceOf(domain) };
}

/** A text that differs when an observation does in substance; made of the same look. */
export function glanceOf({ ownership, domainId, state, reason, uuid }: SeenDomain): Glance {
  const { current, kept } = ownership;
  const text = JSON.stringify([current, kept, domainId, state, reason, uuid]);
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 32);
  return `${nameIn(domainState, state)} ${digest}`;
}

function instancesOf(domain: SeenDomain): readonly Instance[] {
  const { current, kept } = domain.ownership;
  return [
    ...(current === undefined ? [] : [currentOf(domain, current)]),
    ...(kept === undefined ? [] : [keptOf(kept)]),
  ];
}

function currentOf(domain: SeenDomain, marks: DefinitionMarks): Instance {
  const state = stateOf(domain, marks);
  const isLive = state !== "created" && state !== "exited";
  const { run, startedAtMs } = isLive ? runNow(domain, marks) : marks;
  return {
    ...sharedOf(marks),
    kept: false,
    state,
    ...(run === undefined ? {} : { run }),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(state === "exited" ? { exit: exitOf(domain) } : {}),
    facts: {
      "vm.domain_state": nameIn(domainState, domain.state),
      "vm.domain_state_code": String(domain.state),
      "vm.domain_reason": reasonName(domain),
      "vm.domain_reason_code": String(domain.reason),
      "vm.uuid": domain.uuid,
    },
  };
}

/** No more than a description: nobody can tell how its last run has ended. */
function keptOf(marks: DefinitionMarks): Instance {
  const { run, startedAtMs } = marks;
  const hasRun = run !== undefined;
  return {
    ...sharedOf(marks),
    kept: true,
    state: hasRun ? "exited" : "created",
    ...(hasRun ? { run, exit: { kind: "unknown" } } : {}),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    facts: {},
  };
}

function sharedOf({ uid, revisionId, specDigest, instance }: DefinitionMarks) {
  const drift: readonly string[] = [];
  return { handle: instance, uid, revisionId, specDigest, health: "none", drift } as const;
}

function stateOf({ state, reason }: SeenDomain, { run }: DefinitionMarks): InstanceState {
  switch (state) {
    case domainState.running:
    case domainState.blocked:
      return "running";
    case domainState.paused:
      return reason === domainPausedReason.startingUp ? "starting" : "paused";
    // Its memory is kept, and waking it is what a start is.
    case domainState.pmsuspended:
      return "paused";
    case domainState.shutdown:
      return "stopping";
    case domainState.shutoff:
    case domainState.crashed:
      return run === undefined ? "created" : "exited";
    default:
      return "starting";
  }
}

/** The run that we have begun, or one that somebody else has: libvirt numbers each start. */
function runNow(
  { domainId }: SeenDomain,
  { run, startedAtMs, domainId: ours, instance }: DefinitionMarks,
): Pick<Instance, "run" | "startedAtMs"> {
  if (run !== undefined && (ours === undefined || ours === domainId))
    return { run, ...(startedAtMs === undefined ? {} : { startedAtMs }) };
  return { run: `${instance}.outside.${domainId}` };
}

/** A guest that has shut itself down has done what it was asked to. Whatever else ended it was no success. */
function exitOf({ state, reason }: SeenDomain): InstanceExit {
  return state === domainState.shutoff && reason === domainShutoffReason.shutdown
    ? { kind: "code", code: 0 }
    : { kind: "unknown" };
}

function reasonName({ state, reason }: SeenDomain): string {
  if (state === domainState.paused) return nameIn(domainPausedReason, reason);
  if (state === domainState.shutoff) return nameIn(domainShutoffReason, reason);
  return String(reason);
}

function nameIn(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, it]) => it === value)?.[0] ?? String(value);
}
