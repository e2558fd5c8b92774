import { createHash } from "node:crypto";
import type { Glance, Instance, InstanceExit, InstanceState, Observation } from "@persys/core";
import { holdingOf } from "./domain-holding.ts";
import type { DefinitionMarks } from "./domain-ownership.ts";
import type { DomainSize } from "./domain-size.ts";
import { domainPausedReason, domainShutoffReason, domainState } from "./rpc/index.ts";
import { isOwnRun, type SeenDomain } from "./seen-domain.ts";

/** `virDomainCrashedReason` of libvirt. */
const crashedReason = { unknown: 0, panicked: 1 } as const;

/** `virDomainRunningReason` of libvirt. */
const runningReason = {
  unknown: 0,
  booted: 1,
  migrated: 2,
  restored: 3,
  fromSnapshot: 4,
  unpaused: 5,
  migrationCanceled: 6,
  saveCanceled: 7,
  wakeup: 8,
  crashed: 9,
  postcopy: 10,
  postcopyFailed: 11,
} as const;

/** What is known of a machine besides what its domain shows. */
export interface DomainSurroundings {
  /** The addresses that its guest is known by, the best first. */
  readonly addresses: readonly string[];
  /** What is told beside all else. */
  readonly facts?: Readonly<Record<string, string>>;
}

const nothingMore: DomainSurroundings = { addresses: [] };

/** What a workload's domain is to the engine: one instance, and the one that is kept as a description. */
export function observationOf(
  domain: SeenDomain,
  more: DomainSurroundings = nothingMore,
): Observation {
  const instances = instancesOf(domain, more);
  return { kind: "present", instances, glance: glanceOf(domain, more) };
}

/** A text that differs when an observation does in substance, or in what a user looks for in a status; made of the same look. */
export function glanceOf(
  domain: SeenDomain,
  { addresses }: DomainSurroundings = nothingMore,
): Glance {
  const { domainId, state, reason, uuid } = domain;
  const size = domain.running?.size;
  const holding = holdingOf(domain);
  const parts = [holding, domainId, state, reason, uuid, driftOf(domain), addresses, size];
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
  return `${nameIn(domainState, state)} ${digest}`;
}

/** What somebody else has made of a machine of ours, or a change that was cut off, in words. */
export function driftOf(domain: SeenDomain): readonly string[] {
  const { isAutostarted, isPersistent, name, ownership } = domain;
  const phrases: readonly (readonly [phrase: string, isSo: boolean])[] = [
    ["its definition was removed while it runs", !isPersistent],
    ["its definition was edited", isPersistent && isEdited(domain)],
    ["it was renamed", name !== ownership.id],
    ["libvirt is to start it by itself", isAutostarted],
    ["it was given other processors while it runs", hasOtherProcessors(domain)],
    ["another definition of it has yet to take effect", holdingOf(domain).isPending],
  ];
  return phrases.flatMap(([phrase, isSo]) => (isSo ? [phrase] : []));
}

/** Whether a definition is not what we have made of it. */
export function isEdited({ definition, ownership }: SeenDomain): boolean {
  const config = ownership.current?.config;
  return config !== undefined && config !== definition.digest;
}

/** Whether what runs has another number of processors than it is to have. Of memory nobody can tell: a guest gives back what it can, and what it was asked for last QEMU does not say. */
export function hasOtherProcessors(domain: SeenDomain): boolean {
  const { definition, running } = domain;
  if (running?.size === undefined || definition.size === undefined) return false;
  // Nothing can be told by a definition that is not ours, or has yet to take effect.
  if (isEdited(domain) || holdingOf(domain).isPending) return false;
  return running.size.vcpus !== definition.size.vcpus;
}

function instancesOf(domain: SeenDomain, more: DomainSurroundings): readonly Instance[] {
  const { current, kept } = holdingOf(domain);
  return [
    ...(current === undefined ? [] : [currentOf(domain, current, more)]),
    ...(kept === undefined ? [] : [keptOf(kept)]),
  ];
}

function currentOf(
  domain: SeenDomain,
  marks: DefinitionMarks,
  { addresses, facts = {} }: DomainSurroundings,
): Instance {
  const state = stateOf(domain, marks);
  const isLive = state !== "created" && state !== "exited";
  const { run, startedAtMs } = isLive ? runNow(domain, marks) : marks;
  return {
    ...sharedOf(marks),
    kept: false,
    state,
    ...(run === undefined ? {} : { run }),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(state === "exited" ? { exit: exitOf(domain, marks) } : {}),
    drift: driftOf(domain),
    facts: {
      "vm.domain_state": nameIn(domainState, domain.state),
      "vm.domain_state_code": String(domain.state),
      "vm.domain_reason": reasonName(domain),
      "vm.domain_reason_code": String(domain.reason),
      "vm.uuid": domain.uuid,
      ...definitionFacts(domain),
      ...addressFacts(addresses),
      ...facts,
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
      return stateOfPaused(reason);
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

/** Who saves, copies or moves a machine has paused it for that, and lets it go on: nobody else must meanwhile. */
const goesOnByItself: ReadonlySet<number> = new Set([
  domainPausedReason.startingUp,
  domainPausedReason.migration,
  domainPausedReason.save,
  domainPausedReason.dump,
  domainPausedReason.snapshot,
]);

function stateOfPaused(reason: number): InstanceState {
  if (reason === domainPausedReason.shuttingDown) return "stopping";
  return goesOnByItself.has(reason) ? "starting" : "paused";
}

/** The run that we have begun, or one that somebody else has. */
export function runNow(
  domain: SeenDomain,
  marks: DefinitionMarks,
): Pick<Instance, "run" | "startedAtMs"> {
  const { run, startedAtMs, instance } = marks;
  const { domainId } = domain;
  if (run !== undefined && isOwnRun(domain, marks))
    return { run, ...(startedAtMs === undefined ? {} : { startedAtMs }) };
  return { run: `${instance}.outside.${domainId}` };
}

/**
 * A guest that has shut itself down has done what it was asked to. Whatever else ended it was no success; nor is anything known of a run of
 * which nobody has noted that it began: the reason may be that of the one before.
 */
function exitOf({ state, reason }: SeenDomain, { domainId }: DefinitionMarks): InstanceExit {
  return state === domainState.shutoff &&
    reason === domainShutoffReason.shutdown &&
    domainId !== undefined
    ? { kind: "code", code: 0 }
    : { kind: "unknown" };
}

function definitionFacts({ definition, running }: SeenDomain): Readonly<Record<string, string>> {
  const { consoleLog, disks, interfaces } = running ?? definition;
  const macs = interfaces.map((it) => it.mac);
  return {
    ...(disks.length === 0
      ? {}
      : { "vm.disks": disks.map(({ device, path }) => `${device}=${path}`).join(",") }),
    ...(consoleLog === undefined ? {} : { "vm.console_log": consoleLog }),
    ...(macs.length === 0 ? {} : { "vm.mac_addresses": macs.join(",") }),
    ...sizeFacts(running?.size),
  };
}

/** What the guest has, whatever it was asked to have. */
function sizeFacts(size: DomainSize | undefined): Readonly<Record<string, string>> {
  if (size === undefined) return {};
  const { memoryKib, memoryMaxKib, vcpus, vcpusMax } = size;
  return {
    "vm.vcpus": String(vcpus),
    "vm.vcpus_max": String(vcpusMax),
    "vm.memory_mb": String(Math.round(memoryKib / 1_024)),
    "vm.memory_max_mb": String(Math.round(memoryMaxKib / 1_024)),
  };
}

function addressFacts(addresses: readonly string[]): Readonly<Record<string, string>> {
  const [first] = addresses;
  // The one that people and programs mostly want.
  const primary = addresses.find((it) => !it.includes(":")) ?? first;
  return primary === undefined
    ? {}
    : { "vm.primary_ip": primary, "vm.ip_addresses": addresses.join(",") };
}

function reasonName({ state, reason }: SeenDomain): string {
  const names = new Map<number, Readonly<Record<string, number>>>([
    [domainState.paused, domainPausedReason],
    [domainState.shutoff, domainShutoffReason],
    [domainState.crashed, crashedReason],
    [domainState.running, runningReason],
  ]).get(state);
  return names === undefined ? String(reason) : nameIn(names, reason);
}

function nameIn(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, it]) => it === value)?.[0] ?? String(value);
}
