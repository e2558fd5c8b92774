import { randomUUID } from "node:crypto";
import { AgentError, type Target, type WorkloadId } from "@persys/core";
import type { DomainCalls } from "./domain-calls.ts";
import { type DefinedDisk, parseDefinition } from "./domain-definition.ts";
import { withoutOwnership } from "./domain-description.ts";
import { DomainEnds } from "./domain-ends.ts";
import { DomainMarking, domOf } from "./domain-marking.ts";
import { driftOf } from "./domain-observation.ts";
import { isDown, isOwnRun, type SeenDomain } from "./seen-domain.ts";
import { type DefinitionMarks, type DomainOwnership, marksFor } from "./domain-ownership.ts";
import { DomainRuns } from "./domain-runs.ts";
import type { HypervisorFlags } from "./hypervisor.ts";
import { isMissingDomain, unreadableDescription } from "./libvirt-errors.ts";
import type { OwnedDomains } from "./owned-domains.ts";
import { type Domain, domainXmlFlags } from "./rpc/index.ts";

/** What the life of machines stands on. */
export interface DomainOperationsContext {
  readonly calls: DomainCalls;
  readonly domains: OwnedDomains;
  readonly nodeId: string;
  readonly flags: HypervisorFlags;
  /** The description of a target's machine, without our marks. `instance` names this making of it. */
  readonly describe: (target: Target, instance: string, signal: AbortSignal) => Promise<string>;
  readonly files: MachineFiles;
}

/** What a machine has on the host besides its definition. */
export interface MachineFiles {
  /** @throws {AgentError} NOT_PREPARED, with effect `none`, where something is not there that a target's machine is made from */
  readonly assertPrepared: (target: Target, signal: AbortSignal) => Promise<void>;
  /** Makes the place for what a machine of a workload writes: its console. */
  readonly makePlace: (id: WorkloadId) => Promise<void>;
  /** Makes the disks of a target's machine, which is down, as large as they are wanted. */
  readonly grow: (target: Target, signal: AbortSignal) => Promise<void>;
  /** A description that was kept with what nobody else may see of it, and is therefore not kept with it. @throws {AgentError} STORAGE_ERROR */
  readonly withSecrets: (id: WorkloadId, instance: string, xml: string) => Promise<string>;
  /** The disks that the machines of a workload have had, and that may have been made for it. */
  readonly disksOf: (id: WorkloadId) => Promise<readonly string[]>;
  /** Removes the disks that were made for a workload and are not retained. No machine uses them. */
  readonly removeDisks: (id: WorkloadId) => Promise<void>;
  /** Removes all else that was made for a workload. */
  readonly removeRest: (id: WorkloadId, signal: AbortSignal) => Promise<void>;
}

/** How a target is brought to running. */
interface RunOptions {
  /** Whether a machine that runs is set right where its definition is not what we had made of it. One that is down always is. */
  readonly setsRight: boolean;
  readonly signal: AbortSignal;
}

/**
 * The life of machines: each call finishes what an earlier one was kept from. Marks, the definition and what is kept change in one call of libvirt,
 * so that whatever cuts this off, what is there is one of the two.
 */
export class DomainOperations {
  readonly #calls: DomainCalls;
  readonly #domains: OwnedDomains;
  readonly #context: DomainOperationsContext;
  readonly #marking: DomainMarking;
  readonly #ends: DomainEnds;
  readonly #runs: DomainRuns;

  constructor(context: DomainOperationsContext) {
    this.#context = context;
    this.#calls = context.calls;
    this.#domains = context.domains;
    this.#marking = new DomainMarking(context);
    this.#ends = new DomainEnds(context.calls, context.flags);
    this.#runs = new DomainRuns({
      calls: context.calls,
      ends: this.#ends,
      marking: this.#marking,
      flags: context.flags,
    });
  }

  /** Whether a machine can be made for the workload. @throws {AgentError} NAME_CONFLICT where somebody else's has its name */
  async assertFree(id: WorkloadId, signal: AbortSignal): Promise<void> {
    if ((await this.#find(id, signal)) === undefined) await this.#refuseStranger(id, signal);
  }

  /** Defines the target's machine where nothing of the workload is; starts nothing. */
  async makeFirst(target: Target, signal: AbortSignal): Promise<void> {
    if ((await this.#find(target.id, signal)) !== undefined) return;
    await this.#refuseStranger(target.id, signal);
    await this.#define(target, undefined, signal);
  }

  /** Makes the target's machine the current one, and runs it. One of another revision is stopped and kept first. */
  async makeCurrent(target: Target, options: RunOptions): Promise<void> {
    const { signal } = options;
    const before = await this.#find(target.id, signal);
    const isOwn = before !== undefined && isFor(before.ownership.current, target);
    if (!isOwn) await this.#takeOver(target, before, signal);
    const seen = isOwn ? before : await this.#find(target.id, signal);
    if (seen === undefined)
      throw new AgentError("RUNTIME_ERROR", "the machine was removed while it was made", {
        retryable: true,
      });
    if (isOwn && isDown(seen)) await this.#makeReady(target, signal);
    await this.#runs.run(await this.#setRight(target, seen, options), signal);
  }

  /** Forgets what is kept. */
  async retire(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const seen = await this.#find(id, signal);
    if (seen?.ownership.kept === undefined || seen.ownership.current === undefined) return;
    await this.#marking.mark(domOf(seen), { ...seen.ownership, kept: undefined }, signal);
  }

  /** Defines what is kept again, and runs it. */
  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const seen = await this.#find(id, signal);
    if (seen?.ownership.kept === undefined) return;
    const { xml, ...marks } = seen.ownership.kept;
    await this.#assertOwnDisks(seen);
    const description = await this.#context.files.withSecrets(id, marks.instance, xml);
    await this.#ends.end(seen, graceOf(seen), signal);
    const ownership = { ...seen.ownership, current: marks, kept: undefined };
    await this.#context.files.makePlace(id);
    await this.#marking.define(description, ownership, signal);
    const restored = await this.#find(id, signal);
    if (restored !== undefined) await this.#runs.runAnew(restored, signal);
  }

  /** Ends the machine, within the grace by itself and then by force, and keeps it. */
  async stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    const seen = await this.#find(id, signal);
    if (seen !== undefined) await this.#ends.end(seen, graceMs, signal);
  }

  /**
   * Ends the machine and removes all that is there of it. Its definition goes after its disks: what is cut off in between is found by it, and
   * finished.
   */
  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { files } = this.#context;
    const seen = await this.#find(id, signal);
    if (seen === undefined) await this.#refuseUsedDisks(id, signal);
    else await this.#ends.end(seen, graceOf(seen), signal);
    await files.removeDisks(id);
    if (seen !== undefined) await this.#undefine(seen, signal);
    await files.removeRest(id, signal);
  }

  /** What there is, once nothing goes on that an earlier call had begun. */
  async #find(id: WorkloadId, signal: AbortSignal): Promise<SeenDomain | undefined> {
    await this.#calls.settled(id, signal);
    return (await this.#domains.all(signal)).get(id);
  }

  /** From another revision, or from nothing, to the target's. All that can fail before what runs has to end is done before. */
  async #takeOver(
    target: Target,
    seen: SeenDomain | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { files } = this.#context;
    if (seen === undefined) await this.#refuseStranger(target.id, signal);
    await this.#assertReady(target, signal);
    if (seen !== undefined) await this.#assertOwnDisks(seen);
    const isSameCreation = seen?.ownership.current?.uid === target.uid;
    const kept = isSameCreation ? await this.#toKeep(seen, signal) : undefined;
    if (seen !== undefined) await this.#ends.end(seen, graceOf(seen), signal);
    await files.grow(target, signal);
    // Another creation is another machine, and two of one name cannot be.
    if (seen !== undefined && !isSameCreation) await this.#undefine(seen, signal);
    await this.#define(target, kept, signal);
  }

  async #makeReady(target: Target, signal: AbortSignal): Promise<void> {
    await this.#assertReady(target, signal);
    await this.#context.files.grow(target, signal);
  }

  async #assertReady(target: Target, signal: AbortSignal): Promise<void> {
    const { files } = this.#context;
    await files.assertPrepared(target, signal);
    await files.makePlace(target.id);
  }

  /** Puts the target's definition in the place of what is there. */
  async #define(target: Target, kept: DomainOwnership["kept"], signal: AbortSignal): Promise<void> {
    const { describe, nodeId } = this.#context;
    const instance = randomUUID();
    const description = await describe(target, instance, signal);
    const current = marksFor(target, instance);
    await this.#marking.define(description, { id: target.id, nodeId, current, kept }, signal);
  }

  /** What is to be kept from now on: what is already, else what is current. */
  async #toKeep(seen: SeenDomain, signal: AbortSignal): Promise<DomainOwnership["kept"]> {
    const { current, kept, id } = seen.ownership;
    if (kept !== undefined || current === undefined) return kept;
    // Without secrets: everybody may read metadata.
    const args = { dom: domOf(seen), flags: domainXmlFlags.inactive };
    const { xml } = await this.#calls.call(id, "domainGetXmlDesc", { args, signal });
    const plain = withoutOwnership(xml);
    return plain === undefined ? undefined : { ...current, xml: plain };
  }

  /** Undoes what somebody else has made of a definition. A run that they began of it ends: nobody knows what it was made of. */
  async #setRight(
    target: Target,
    seen: SeenDomain,
    { setsRight, signal }: RunOptions,
  ): Promise<SeenDomain> {
    const { current } = seen.ownership;
    const isUp = !isDown(seen);
    if (current === undefined || driftOf(seen).length === 0 || (isUp && !setsRight)) return seen;
    // One that is down comes up with what it has: the next replacement tells what is wrong with that.
    if (!isUp && (await this.#otherDiskOf(seen)) !== undefined) return seen;
    await this.#assertOwnDisks(seen);
    const isOthersRun = isUp && current.domainId !== undefined && !isOwnRun(seen, current);
    const description = await this.#context.describe(target, current.instance, signal);
    if (isOthersRun) await this.#ends.end(seen, graceOf(seen), signal);
    await this.#marking.define(description, seen.ownership, signal);
    return (await this.#find(target.id, signal)) ?? seen;
  }

  /** Somebody has put another disk in the place of one, as a snapshot does: what the guest has written since is in that alone. */
  async #assertOwnDisks(seen: SeenDomain): Promise<void> {
    const other = await this.#otherDiskOf(seen);
    if (other === undefined) return;
    throw new AgentError(
      "STORAGE_ERROR",
      `${other.device} of the machine is ${other.path} now, which is not what we made it of: bring a snapshot back into its disk (virsh blockcommit --active --pivot), or the definition to what it was`,
      { retryable: true, effect: "none" },
    );
  }

  async #otherDiskOf({ definition, ownership }: SeenDomain): Promise<DefinedDisk | undefined> {
    const known = await this.#context.files.disksOf(ownership.id);
    return definition.disks.find((it) => it.kind === "disk" && !known.includes(it.path));
  }

  /** A machine whose marks somebody has removed runs on, under whatever name, and needs its disks. */
  async #refuseUsedDisks(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const disks = await this.#context.files.disksOf(id);
    if (disks.length === 0) return;
    const { domains } = await this.#calls.call(id, "connectListAllDomains", {
      args: { needResults: 1, flags: 0 },
      signal,
    });
    for (const dom of domains) {
      const xml = await this.#descriptionOf(id, dom, signal);
      if (xml === undefined) continue;
      const definition = parseDefinition(xml, this.#context.nodeId);
      if (definition === undefined) throw unreadableDescription(dom.name);
      const used = definition.disks.find((it) => disks.includes(it.path));
      if (used === undefined) continue;
      throw new AgentError(
        "NAME_CONFLICT",
        `the machine ${dom.name}, which is not ours, uses the disk ${used.path}`,
        { effect: "none", retryable: true },
      );
    }
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

  /** What a machine runs as, or would; undefined where it has gone meanwhile. */
  async #descriptionOf(
    id: WorkloadId,
    dom: Domain,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      const args = { dom, flags: 0 };
      return (await this.#calls.call(id, "domainGetXmlDesc", { args, signal })).xml;
    } catch (error) {
      if (isMissingDomain(error)) return undefined;
      throw error;
    }
  }

  async #undefine(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    await this.#ends.undefine(seen, signal);
    this.#domains.forget(seen.uuid);
  }
}

/** The grace that a machine was made with. */
function graceOf({ ownership }: SeenDomain): number {
  return ownership.current?.graceMs ?? 0;
}

function isFor(marks: DefinitionMarks | undefined, target: Target): boolean {
  return (
    marks?.uid === target.uid &&
    marks.revisionId === target.revisionId &&
    marks.specDigest === target.specDigest
  );
}
