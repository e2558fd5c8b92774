import { randomUUID } from "node:crypto";
import { AgentError, type Target, type WorkloadId } from "@persys/core";
import { pause } from "../shared/wait.ts";
import type { DomainCalls } from "./domain-calls.ts";
import { withoutOwnership, withOwnership } from "./domain-description.ts";
import type { SeenDomain } from "./domain-observation.ts";
import {
  type DefinitionMarks,
  type DomainOwnership,
  marksFor,
  ownershipNamespace,
  ownershipPrefix,
  renderOwnership,
} from "./domain-ownership.ts";
import { isMissingDomain, isOtherState } from "./libvirt-errors.ts";
import type { OwnedDomains } from "./owned-domains.ts";
import {
  type Domain,
  domainMetadataType,
  domainModificationImpact,
  domainShutdownFlag,
  domainState,
  domainUndefineFlags,
  domainXmlFlags,
} from "./rpc/index.ts";

/** What the life of machines stands on. */
export interface DomainOperationsContext {
  readonly calls: DomainCalls;
  readonly domains: OwnedDomains;
  readonly nodeId: string;
  /** The description of a target's machine, without our marks. */
  readonly describe: (target: Target, signal: AbortSignal) => Promise<string>;
  readonly flags: HypervisorFlags;
}

/** How a hypervisor is asked: not each takes all flags. */
interface HypervisorFlags {
  /** How a guest is asked to shut down: `virDomainShutdownFlagValues`. */
  readonly shutdown: number;
  /** What is removed with a definition: `virDomainUndefineFlagsValues`. */
  readonly undefine: number;
}

/**
 * The flags for QEMU. The power button alone: libvirt would try the agent in the guest first otherwise, and wait for one that does not answer.
 */
export const qemuFlags: HypervisorFlags = {
  shutdown: domainShutdownFlag.acpiPowerBtn,
  undefine:
    domainUndefineFlags.managedSave +
    domainUndefineFlags.snapshotsMetadata +
    domainUndefineFlags.checkpointsMetadata +
    domainUndefineFlags.nvram,
};

/** How often it is looked whether a guest has shut down, in milliseconds: longer each time. */
const lookEveryMs = { first: 20, most: 500 } as const;

/** A guest that is still on its way up does not see the button: it is pressed again after so long, in milliseconds. */
const pressAgainMs = 3_000;

/**
 * The life of machines: each call finishes what an earlier one was kept from. Marks, the definition and what is kept change in one call of libvirt,
 * so that whatever cuts this off, what is there is one of the two.
 */
export class DomainOperations {
  readonly #calls: DomainCalls;
  readonly #domains: OwnedDomains;
  readonly #context: DomainOperationsContext;

  constructor(context: DomainOperationsContext) {
    this.#context = context;
    this.#calls = context.calls;
    this.#domains = context.domains;
  }

  /** Defines the target's machine where nothing of the workload is; starts nothing. */
  async makeFirst(target: Target, signal: AbortSignal): Promise<void> {
    await this.#calls.settled(target.id, signal);
    const seen = await this.#find(target.id, signal);
    if (seen === undefined) await this.#define(target, undefined, signal);
  }

  /** Makes the target's machine the current one, and runs it. One of another revision is stopped and kept first. */
  async makeCurrent(target: Target, signal: AbortSignal): Promise<void> {
    await this.#calls.settled(target.id, signal);
    let seen = await this.#find(target.id, signal);
    if (seen === undefined || !isFor(seen.ownership.current, target)) {
      if (seen !== undefined) await this.#end(seen, target.stopGraceMs, signal);
      await this.#define(target, seen, signal);
      seen = await this.#find(target.id, signal);
    }
    if (seen === undefined)
      throw new AgentError("RUNTIME_ERROR", "the machine was removed while it was made", {
        retryable: true,
      });
    await this.#run(seen, signal);
  }

  /** Forgets what is kept. */
  async retire(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await this.#calls.settled(id, signal);
    const seen = await this.#find(id, signal);
    if (seen?.ownership.kept === undefined || seen.ownership.current === undefined) return;
    await this.#mark(seen, { ...seen.ownership, kept: undefined }, signal);
  }

  /** Defines what is kept again, and runs it. */
  async restore(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    await this.#calls.settled(id, signal);
    const seen = await this.#find(id, signal);
    if (seen?.ownership.kept === undefined) return;
    await this.#end(seen, graceMs, signal);
    const { xml, ...marks } = seen.ownership.kept;
    const ownership = { ...seen.ownership, current: marks, kept: undefined };
    await this.#defineXml(id, withOwnership(xml, ownership), signal);
    const restored = await this.#find(id, signal);
    if (restored !== undefined) await this.#run(restored, signal);
  }

  /** Ends the machine, within the grace by itself and then by force, and keeps it. */
  async stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    await this.#calls.settled(id, signal);
    const seen = await this.#find(id, signal);
    if (seen !== undefined) await this.#end(seen, graceMs, signal);
  }

  /** Ends the machine at once and removes its definition, with what libvirt keeps for it. */
  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await this.#calls.settled(id, signal);
    const seen = await this.#find(id, signal);
    if (seen === undefined) return;
    await this.#destroy(seen, signal);
    await this.#undefine(seen, signal);
  }

  async #find(id: WorkloadId, signal: AbortSignal): Promise<SeenDomain | undefined> {
    return (await this.#domains.all(signal)).get(id);
  }

  /** Puts the target's definition in the place of what was `seen`, which is kept unless something is already. */
  async #define(target: Target, seen: SeenDomain | undefined, signal: AbortSignal): Promise<void> {
    const description = await this.#context.describe(target, signal);
    const isSameCreation = seen?.ownership.current?.uid === target.uid;
    const kept = isSameCreation ? await this.#toKeep(seen, signal) : undefined;
    // Another creation is another machine, and two of one name cannot be.
    if (seen !== undefined && !isSameCreation) await this.#undefine(seen, signal);
    if (seen === undefined) await this.#refuseStranger(target.id, signal);
    const { nodeId } = this.#context;
    const current = marksFor(target, randomUUID());
    const ownership: DomainOwnership = { id: target.id, nodeId, current, kept };
    await this.#defineXml(target.id, withOwnership(description, ownership), signal);
  }

  async #toKeep(seen: SeenDomain, signal: AbortSignal): Promise<DomainOwnership["kept"]> {
    const { current, kept, id } = seen.ownership;
    if (kept !== undefined || current === undefined) return kept;
    const flags = domainXmlFlags.inactive + domainXmlFlags.secure;
    const args = { dom: domOf(seen), flags };
    const { xml } = await this.#calls.call(id, "domainGetXmlDesc", { args, signal });
    const plain = withoutOwnership(xml);
    return plain === undefined ? undefined : { ...current, xml: plain };
  }

  async #defineXml(id: WorkloadId, xml: string | undefined, signal: AbortSignal): Promise<void> {
    if (xml === undefined)
      throw new AgentError("RUNTIME_ERROR", `the description of the machine ${id} cannot be read`);
    const args = { xml, flags: 0 };
    const { dom } = await this.#calls.call(id, "domainDefineXmlFlags", { args, signal });
    this.#domains.forget(dom.uuid);
  }

  async #refuseStranger(id: WorkloadId, signal: AbortSignal): Promise<void> {
    try {
      await this.#calls.call(id, "domainLookupByName", { args: { name: id }, signal });
    } catch (error) {
      if (isMissingDomain(error)) return;
      throw error;
    }
    throw new AgentError("NAME_CONFLICT", `a machine named ${id} is there that is not ours`, {
      effect: "none",
      retryable: true,
    });
  }

  /** Brings a machine up from wherever it is. */
  async #run(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { id } = seen.ownership;
    const args = { dom: domOf(seen) };
    switch (seen.state) {
      case domainState.running:
      case domainState.blocked:
        return;
      case domainState.paused:
        await this.#calls.call(id, "domainResume", { args, signal });
        return;
      case domainState.pmsuspended:
        await this.#calls.call(id, "domainPmWakeup", { args: { ...args, flags: 0 }, signal });
        return;
      case domainState.shutdown:
        await this.#end(seen, 0, signal);
        break;
      default:
    }
    await this.#begin(seen, signal);
  }

  /** Writes down that a run begins before it does, and libvirt's number of it after: in between it is known by there being none. */
  async #begin(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { ownership } = seen;
    const { current, id } = ownership;
    if (current === undefined) return;
    const began = { ...current, run: randomUUID(), startedAtMs: Date.now(), domainId: undefined };
    await this.#mark(seen, { ...ownership, current: began }, signal);
    try {
      const args = { dom: domOf(seen), flags: 0 };
      const { dom } = await this.#calls.call(id, "domainCreateWithFlags", { args, signal });
      const known = { ...ownership, current: { ...began, domainId: dom.id } };
      await this.#mark(seen, known, signal);
    } catch (error) {
      // Somebody else was faster.
      if (!isOtherState(error)) throw error;
    }
  }

  async #mark(seen: SeenDomain, ownership: DomainOwnership, signal: AbortSignal): Promise<void> {
    const args = {
      dom: domOf(seen),
      type: domainMetadataType.element,
      metadata: renderOwnership(ownership),
      key: ownershipPrefix,
      uri: ownershipNamespace,
      flags: domainModificationImpact.config,
    };
    await this.#calls.call(ownership.id, "domainSetMetadata", { args, signal });
    this.#domains.forget(seen.uuid);
  }

  /** Asks the guest to shut down until it has, or the grace is over; then forces it. What is down is left. */
  async #end(seen: SeenDomain, graceMs: number, signal: AbortSignal): Promise<void> {
    if (await this.#isDown(seen, signal)) return;
    const forceAtMs = performance.now() + graceMs;
    let pressAtMs = 0;
    for (let everyMs: number = lookEveryMs.first; performance.now() < forceAtMs; everyMs *= 1.5) {
      if (performance.now() >= pressAtMs) {
        await this.#press(seen, signal);
        pressAtMs = performance.now() + pressAgainMs;
      }
      const leftMs = Math.max(0, forceAtMs - performance.now());
      await pause(Math.min(everyMs, lookEveryMs.most, leftMs), signal);
      if (await this.#isDown(seen, signal)) return;
    }
    await this.#destroy(seen, signal);
  }

  /** A guest that is paused could not hear it. */
  async #press(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { id } = seen.ownership;
    const dom = domOf(seen);
    await this.#unlessEnded(async () => {
      if (seen.state === domainState.paused)
        await this.#calls.call(id, "domainResume", { args: { dom }, signal });
      const args = { dom, flags: this.#context.flags.shutdown };
      await this.#calls.call(id, "domainShutdownFlags", { args, signal });
    });
  }

  async #destroy(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const args = { dom: domOf(seen), flags: 0 };
    await this.#unlessEnded(async () => {
      await this.#calls.call(seen.ownership.id, "domainDestroyFlags", { args, signal });
    });
  }

  async #undefine(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const args = { dom: domOf(seen), flags: this.#context.flags.undefine };
    await this.#unlessEnded(async () => {
      await this.#calls.call(seen.ownership.id, "domainUndefineFlags", { args, signal });
    });
    this.#domains.forget(seen.uuid);
  }

  async #isDown(seen: SeenDomain, signal: AbortSignal): Promise<boolean> {
    let isActive = false;
    await this.#unlessEnded(async () => {
      const args = { dom: domOf(seen) };
      const { active } = await this.#calls.call(seen.ownership.id, "domainIsActive", {
        args,
        signal,
      });
      isActive = active === 1;
    });
    return !isActive;
  }

  /** What has ended by itself, or is gone, is as it is wanted. */
  async #unlessEnded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isMissingDomain(error) && !isOtherState(error)) throw error;
    }
  }
}

function domOf({ name, uuid, domainId }: SeenDomain): Domain {
  return { name, uuid, id: domainId };
}

function isFor(marks: DefinitionMarks | undefined, target: Target): boolean {
  return (
    marks?.uid === target.uid &&
    marks.revisionId === target.revisionId &&
    marks.specDigest === target.specDigest
  );
}
