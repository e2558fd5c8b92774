import { randomUUID } from "node:crypto";
import type { WorkloadId } from "@persys/core";
import { hostBoot } from "../shared/boot-id.ts";
import type { DomainCalls } from "./domain-calls.ts";
import { withoutOwnership } from "./domain-description.ts";
import type { DomainEnds } from "./domain-ends.ts";
import { graceOf, holdingOf, keptAfter } from "./domain-holding.ts";
import { type DomainMarking, domOf } from "./domain-marking.ts";
import { isEdited, runNow } from "./domain-observation.ts";
import type { DefinitionMarks, DescribedMarks, DomainOwnership } from "./domain-ownership.ts";
import type { DomainRuns } from "./domain-runs.ts";
import type { LiveChanges } from "./live-changes.ts";
import type { MachineFiles } from "./machine-files.ts";
import { LibvirtError, domainXmlFlags } from "./rpc/index.ts";
import { isDown, type SeenDomain } from "./seen-domain.ts";

/** What changes of machines are made with. */
export interface DomainChangesContext {
  readonly calls: DomainCalls;
  readonly marking: DomainMarking;
  readonly ends: DomainEnds;
  readonly runs: DomainRuns;
  readonly live: LiveChanges;
  readonly files: Pick<MachineFiles, "isResized">;
  readonly find: (id: WorkloadId, signal: AbortSignal) => Promise<SeenDomain | undefined>;
}

/** By what libvirt tells that a guest does not take part, or that its QEMU cannot. All else may be different next time, and is no reason to end one. */
const refusals = [
  "operationUnsupported",
  "operationInvalid",
  "operationFailed",
  "configUnsupported",
  "argumentUnsupported",
  "internalError",
  // A guest that does not give a processor back in time. One that libvirt is busy with does not hear of its end either.
  "operationTimeout",
] as const;

/** What a machine is to become. */
export interface DomainChange {
  readonly description: string;
  readonly marks: DefinitionMarks;
  /** What is kept meanwhile. */
  readonly kept: DomainOwnership["kept"];
  /** Done while the machine is down, where it has to be. */
  readonly whenDown: () => Promise<void>;
}

/**
 * Puts one definition of a machine in the place of another. The definition is written first: what libvirt does not take costs nobody their machine. Until it
 * has taken effect, the marks say what runs; whatever cuts this off, the same call again finishes it.
 */
export class DomainChanges {
  readonly #context: DomainChangesContext;

  constructor(context: DomainChangesContext) {
    this.#context = context;
  }

  /** Changes a machine that is there, and runs it. */
  async make(seen: SeenDomain, change: DomainChange, signal: AbortSignal): Promise<void> {
    const { id, nodeId } = seen.ownership;
    const { marks: current, kept } = change;
    const former = await this.#formerOf(seen, signal);
    const ownership = { id, nodeId, current, kept, former };
    await this.#context.marking.define(change.description, ownership, signal);
    await this.#takeEffect(id, change, signal);
  }

  /**
   * Lets what is defined take effect, and runs it: while the machine runs, where no more than its size is another and it has room for that; else by a stop and
   * a start. What has come up since it was looked at before is of the definition of then, and ends as well.
   */
  async #takeEffect(id: WorkloadId, change: DomainChange, signal: AbortSignal): Promise<void> {
    const { ends, runs } = this.#context;
    const before = await this.#defined(id, change, signal);
    if (before === undefined) return;
    if (holdingOf(before).isPending && (await this.#resizes(before, signal)))
      return this.#noteResized(before, signal);
    await ends.end(before, { graceMs: graceOf(before) }, signal);
    const now = await this.#defined(id, change, signal);
    if (now === undefined) return;
    if (isDown(now)) await change.whenDown();
    await runs.run(now, signal);
  }

  /** The machine, defined as the change says, also where somebody has edited it since. */
  async #defined(
    id: WorkloadId,
    { description }: DomainChange,
    signal: AbortSignal,
  ): Promise<SeenDomain | undefined> {
    const { find, marking } = this.#context;
    const seen = await find(id, signal);
    if (seen === undefined || !isEdited(seen)) return seen;
    await marking.define(description, seen.ownership, signal);
    return find(id, signal);
  }

  async #resizes(seen: SeenDomain, signal: AbortSignal): Promise<boolean> {
    const { files, live } = this.#context;
    const { current, former, id } = seen.ownership;
    if (current === undefined || former === undefined || !live.isPossible(seen)) return false;
    if (!(await files.isResized(id, current.instance, former.instance))) return false;
    try {
      return await live.apply(seen, signal);
    } catch (error) {
      // The guest does not take part, or this QEMU cannot: a start gives it the same.
      if (refusals.some((code) => LibvirtError.hasCode(error, code))) return false;
      throw error;
    }
  }

  /** What runs is what is defined now. It is told as another run, since it is one of another revision; it has begun when it did. */
  async #noteResized(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { current, former } = seen.ownership;
    if (current === undefined || former === undefined) return;
    const { boot, domainId, startedAtMs } = former;
    // Not written down where what defined it was cut off then.
    const config = current.config ?? seen.definition.digest;
    const run = current.instance === former.instance ? former.run : randomUUID();
    const changed = {
      ...seen.ownership,
      current: { ...current, config, run, startedAtMs, domainId, boot, isNew: false },
      kept: keptAfter(seen.ownership),
      former: undefined,
    };
    await this.#context.marking.mark(domOf(seen), changed, signal);
  }

  /** What runs, or ran last, to be gone back to; without a description where it is not what we had made. */
  async #formerOf(seen: SeenDomain, signal: AbortSignal): Promise<DescribedMarks | undefined> {
    const { ownership } = seen;
    const { current, isPending } = holdingOf(seen);
    if (isPending || current === undefined) return ownership.former;
    const isOurs = seen.isPersistent && !isEdited(seen);
    const xml = isOurs ? await this.#plainOf(seen, signal) : "";
    if (isDown(seen)) return { ...current, xml };
    // As it is told, and known again by the number that it has.
    const { run, startedAtMs } = runNow(seen, current);
    return { ...current, run, startedAtMs, domainId: seen.domainId, boot: hostBoot(), xml };
  }

  /** Without secrets: everybody may read metadata. */
  async #plainOf(seen: SeenDomain, signal: AbortSignal): Promise<string> {
    const args = { dom: domOf(seen), flags: domainXmlFlags.inactive };
    const { id } = seen.ownership;
    const { xml } = await this.#context.calls.call(id, "domainGetXmlDesc", { args, signal });
    return withoutOwnership(xml) ?? "";
  }
}
