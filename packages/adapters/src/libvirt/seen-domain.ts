import { hostBoot } from "../shared/boot-id.ts";
import type { DomainDefinition } from "./domain-definition.ts";
import type { DefinitionMarks, DomainOwnership } from "./domain-ownership.ts";
import { domainState } from "./rpc/index.ts";

/** A domain of ours as one look shows it. */
export interface SeenDomain {
  readonly ownership: DomainOwnership;
  /** What its definition says, or the run's copy of it where that was removed. */
  readonly definition: Omit<DomainDefinition, "ownership">;
  /** What runs, which the definition may have changed under; undefined while it is down. */
  readonly running: Omit<DomainDefinition, "ownership"> | undefined;
  /** Whether libvirt starts it by itself when the host boots. */
  readonly isAutostarted: boolean;
  /** Whether it is defined, rather than run alone: then it is gone once it ends. */
  readonly isPersistent: boolean;
  readonly name: string;
  readonly uuid: string;
  /** libvirt's number for the run; -1 while it is down. */
  readonly domainId: number;
  /** `virDomainState`. */
  readonly state: number;
  /** Of the enumeration that goes with the state. */
  readonly reason: number;
}

/** Whether the machine is down: neither runs nor holds the memory of a run. */
export function isDown({ state }: Pick<SeenDomain, "state">): boolean {
  return state === domainState.shutoff || state === domainState.crashed;
}

/**
 * Whether what goes on is the run that we have begun last: libvirt numbers each start, from 1 again after a boot of the host. A daemon that is started
 * anew while nothing runs counts from 1 as well, which nobody can see.
 */
export function isOwnRun(
  { domainId }: Pick<SeenDomain, "domainId">,
  { run, domainId: ours, boot }: DefinitionMarks,
): boolean {
  if (run === undefined || (boot ?? hostBoot()) !== hostBoot()) return false;
  return ours === undefined || ours === domainId;
}
