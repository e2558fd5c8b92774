import { randomUUID } from "node:crypto";
import { AgentError, type Target, type WorkloadId } from "@persys/core";
import type { DomainCalls } from "./domain-calls.ts";
import { DomainChanges } from "./domain-changes.ts";
import { DomainEnds } from "./domain-ends.ts";
import { graceOf, holdingOf } from "./domain-holding.ts";
import { DomainMarking, domOf } from "./domain-marking.ts";
import { type DefinitionMarks, type DomainOwnership, marksFor } from "./domain-ownership.ts";
import { DomainRepairs } from "./domain-repairs.ts";
import { DomainRuns } from "./domain-runs.ts";
import { DomainStrangers } from "./domain-strangers.ts";
import type { HypervisorFlags } from "./hypervisor.ts";
import { LiveChanges } from "./live-changes.ts";
import type { MachineFiles } from "./machine-files.ts";
import { type DescribeMachine, makingIn } from "./machine-making.ts";
import type { OwnedDomains } from "./owned-domains.ts";
import { isDown, type SeenDomain } from "./seen-domain.ts";

/** What the life of machines stands on. */
export interface DomainOperationsContext {
  readonly calls: DomainCalls;
  readonly domains: OwnedDomains;
  readonly nodeId: string;
  readonly flags: HypervisorFlags;
  readonly describe: DescribeMachine;
  readonly files: MachineFiles;
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
  readonly #changes: DomainChanges;
  readonly #repairs: DomainRepairs;
  readonly #strangers: DomainStrangers;

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
    this.#strangers = new DomainStrangers(context.calls, context.nodeId);
    const parts = {
      ...context,
      marking: this.#marking,
      ends: this.#ends,
      runs: this.#runs,
      strangers: this.#strangers,
      live: new LiveChanges(context.calls),
      find: (id: WorkloadId, signal: AbortSignal) => this.#find(id, signal),
    };
    this.#changes = new DomainChanges(parts);
    this.#repairs = new DomainRepairs(parts);
  }

  /** Whether a machine can be made for the workload. @throws {AgentError} NAME_CONFLICT where somebody else's has its name */
  async assertFree(id: WorkloadId, signal: AbortSignal): Promise<void> {
    if ((await this.#find(id, signal)) === undefined) await this.#strangers.refuseName(id, signal);
  }

  /** Defines the target's machine where nothing of the workload is; starts nothing. */
  async makeFirst(target: Target, signal: AbortSignal): Promise<void> {
    if ((await this.#find(target.id, signal)) !== undefined) return;
    await this.#strangers.refuseName(target.id, signal);
    await this.#define(target, signal);
  }

  /** Makes the target's machine the current one, and runs it. What is of another revision is kept. */
  async makeCurrent(target: Target, options: RunOptions): Promise<void> {
    const { signal } = options;
    const before = await this.#find(target.id, signal);
    if (before === undefined) return this.#makeNew(target, signal);
    // One that is to be defined needs its name: libvirt gives none of another a definition.
    const isWhole = isFor(before.ownership.current, target) && !holdingOf(before).isPending;
    const isLeft = isWhole && !isDown(before) && !options.setsRight;
    const seen = isLeft ? before : await this.#named(target, before, signal);
    const { current, isPending } = holdingOf(seen);
    if (current?.uid !== target.uid) return this.#makeOther(target, seen, signal);
    if (isPending && isFor(current, target)) return this.#goBack(target, seen, signal);
    if (!isFor(seen.ownership.current, target)) return this.#takeOver(target, seen, signal);
    if (isPending) return this.#finish(target, seen, signal);
    if (isDown(seen)) await this.#makeReady(target, signal);
    const isToBeRight = isDown(seen) || options.setsRight;
    const right = isToBeRight ? await this.#repairs.setRight(target, seen, signal) : seen;
    return this.#runs.run(right, signal);
  }

  /** Forgets what is kept. */
  async retire(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const seen = await this.#find(id, signal);
    if (seen === undefined || holdingOf(seen).kept === undefined) return;
    await this.#marking.mark(domOf(seen), withoutKept(seen), signal);
  }

  /** Defines what is kept again, and runs it. */
  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const before = await this.#find(id, signal);
    if (before === undefined || holdingOf(before).kept === undefined) return;
    await this.#repairs.assertOwnDisks(before);
    const seen = await this.#repairs.awake(await this.#repairs.named(before, signal), signal);
    const { kept } = holdingOf(seen);
    if (kept === undefined) return;
    const { xml, ...marks } = kept;
    const description = await this.#context.files.withSecrets(id, marks.instance, xml);
    await this.#context.files.makePlace(id);
    const change = { description, marks: neverRun(marks), kept, whenDown: async () => {} };
    await this.#changes.make(seen, change, signal);
  }

  /** Ends the machine, within the grace by itself and then by force, and keeps it. */
  async stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    const seen = await this.#find(id, signal);
    if (seen === undefined) return;
    // Else it would come up with the host.
    if (seen.isAutostarted) await this.#marking.startByUsAlone(seen, signal);
    await this.#ends.end(seen, { graceMs, losesWrites: true }, signal);
  }

  /**
   * Ends the machine and removes all that is there of it. Its definition goes after its disks: what is cut off in between is found by it, and
   * finished.
   */
  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { files } = this.#context;
    const seen = await this.#find(id, signal);
    if (seen === undefined) await this.#strangers.refuseDisks(id, await files.disksOf(id), signal);
    else await this.#ends.end(seen, { graceMs: graceOf(seen), losesWrites: true }, signal);
    await files.removeDisks(id);
    if (seen !== undefined) await this.#undefine(seen, signal);
    await files.removeRest(id, signal);
  }

  /** What there is, once nothing goes on that an earlier call had begun. */
  async #find(id: WorkloadId, signal: AbortSignal): Promise<SeenDomain | undefined> {
    await this.#calls.settled(id, signal);
    return (await this.#domains.all(signal, true)).get(id);
  }

  /** A machine by its name: one that has another and runs ends for that only where it can come up again. */
  async #named(target: Target, seen: SeenDomain, signal: AbortSignal): Promise<SeenDomain> {
    if (seen.name !== target.id && !isDown(seen)) {
      await this.#assertReady(target, signal);
      await this.#repairs.assertOwnDisks(seen);
    }
    return this.#repairs.named(seen, signal);
  }

  /** From nothing to the target's. */
  async #makeNew(target: Target, signal: AbortSignal): Promise<void> {
    await this.#strangers.refuseName(target.id, signal);
    await this.#makeReady(target, signal);
    await this.#define(target, signal);
    const made = await this.#find(target.id, signal);
    if (made === undefined)
      throw new AgentError("RUNTIME_ERROR", "the machine was removed while it was made", {
        retryable: true,
      });
    await this.#runs.run(made, signal);
  }

  /** From another creation to the target's: it is another machine, and two of one name cannot be. */
  async #makeOther(target: Target, before: SeenDomain, signal: AbortSignal): Promise<void> {
    await this.#assertReady(target, signal);
    await this.#repairs.assertOwnDisks(before);
    const seen = await this.#repairs.awake(before, signal);
    await this.#ends.end(seen, { graceMs: graceOf(seen) }, signal);
    await this.#undefine(seen, signal);
    await this.#makeNew(target, signal);
  }

  /** From another revision to the target's. All that can fail before what runs has to end is done before. */
  async #takeOver(target: Target, before: SeenDomain, signal: AbortSignal): Promise<void> {
    await this.#assertReady(target, signal);
    await this.#repairs.assertOwnDisks(before);
    const seen = await this.#repairs.awake(before, signal);
    const instance = randomUUID();
    const making = makingIn(seen, { instance, hasRun: false });
    const description = await this.#context.describe(target, making, signal);
    const marks = marksFor(target, instance);
    const change = {
      description,
      marks,
      kept: holdingOf(seen).kept,
      whenDown: this.#growing(target, signal),
    };
    await this.#changes.make(seen, change, signal);
  }

  /** What runs is the target's, and stays: what was defined in its place does not take effect. */
  async #goBack(target: Target, before: SeenDomain, signal: AbortSignal): Promise<void> {
    const seen = await this.#repairs.awake(before, signal);
    const { current: marks, kept } = holdingOf(seen);
    if (marks === undefined) return;
    const description = await this.#formerOf(target, seen, signal);
    const change = { description, marks, kept, whenDown: this.#growing(target, signal) };
    await this.#changes.make(seen, change, signal);
  }

  /** What runs is described as it was: where that was not ours, as it would be made now. */
  async #formerOf(target: Target, seen: SeenDomain, signal: AbortSignal): Promise<string> {
    const { describe, files } = this.#context;
    const { instance = "", xml = "" } = seen.ownership.former ?? {};
    if (xml !== "") return files.withSecrets(target.id, instance, xml);
    return describe(target, makingIn(seen, { instance, hasRun: true }), signal);
  }

  /** What is defined is the target's, and has yet to take effect. */
  async #finish(target: Target, before: SeenDomain, signal: AbortSignal): Promise<void> {
    await this.#assertReady(target, signal);
    await this.#repairs.assertOwnDisks(before);
    const seen = await this.#repairs.awake(before, signal);
    const { current: marks, kept } = seen.ownership;
    if (marks === undefined) return;
    // Described anew: somebody may have edited it since, which nobody can tell before its digest is written down.
    const making = makingIn(seen, { instance: marks.instance, hasRun: false });
    const description = await this.#context.describe(target, making, signal);
    const change = { description, marks, kept, whenDown: this.#growing(target, signal) };
    await this.#changes.make(seen, change, signal);
  }

  #growing(target: Target, signal: AbortSignal): () => Promise<void> {
    return () => this.#context.files.grow(target, signal);
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

  /** Defines the target's machine where there is none. */
  async #define(target: Target, signal: AbortSignal): Promise<void> {
    const { describe, nodeId } = this.#context;
    const instance = randomUUID();
    const description = await describe(
      target,
      { instance, variablesPath: undefined, hasRun: false },
      signal,
    );
    const nothing = { kept: undefined, former: undefined };
    const ownership = { id: target.id, nodeId, current: marksFor(target, instance), ...nothing };
    await this.#marking.define(description, ownership, signal);
  }

  async #undefine(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    await this.#ends.undefine(seen, signal);
    this.#domains.forget(seen.uuid);
  }
}

/** What runs still while another definition has yet to take effect is not kept: it is current. */
function withoutKept(seen: SeenDomain): DomainOwnership {
  const { ownership } = seen;
  const former = holdingOf(seen).isPending ? ownership.former : undefined;
  return { ...ownership, kept: undefined, former };
}

/** Marks of what is to run again, as another run. */
function neverRun(marks: DefinitionMarks): DefinitionMarks {
  const never = { run: undefined, startedAtMs: undefined, domainId: undefined, boot: undefined };
  return { ...marks, ...never, isNew: true };
}

function isFor(marks: DefinitionMarks | undefined, target: Target): boolean {
  return (
    marks?.uid === target.uid &&
    marks.revisionId === target.revisionId &&
    marks.specDigest === target.specDigest
  );
}
