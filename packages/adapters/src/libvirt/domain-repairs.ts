import { AgentError, type Target, type WorkloadId } from "@persys/core";
import type { DefinedDisk } from "./domain-definition.ts";
import type { DomainEnds } from "./domain-ends.ts";
import { graceOf } from "./domain-holding.ts";
import type { DomainMarking } from "./domain-marking.ts";
import { driftOf, hasOtherProcessors, isEdited } from "./domain-observation.ts";
import type { DomainRuns } from "./domain-runs.ts";
import type { DomainStrangers } from "./domain-strangers.ts";
import type { LiveChanges } from "./live-changes.ts";
import type { MachineFiles } from "./machine-files.ts";
import { type DescribeMachine, makingIn } from "./machine-making.ts";
import { domainState } from "./rpc/index.ts";
import { isDown, isOwnRun, type SeenDomain } from "./seen-domain.ts";

/** What machines are set right with. */
export interface DomainRepairsContext {
  readonly marking: DomainMarking;
  readonly ends: DomainEnds;
  readonly runs: DomainRuns;
  readonly live: LiveChanges;
  readonly strangers: DomainStrangers;
  readonly files: Pick<MachineFiles, "disksOf">;
  readonly describe: DescribeMachine;
  readonly find: (id: WorkloadId, signal: AbortSignal) => Promise<SeenDomain | undefined>;
}

/** Undoes what others have made of our machines, and refuses what cannot be undone without loss. Each returns the machine as it is then. */
export class DomainRepairs {
  readonly #context: DomainRepairsContext;

  constructor(context: DomainRepairsContext) {
    this.#context = context;
  }

  /** Undoes what somebody else has made of a machine. A run that they began of another definition ends: nobody knows what it was made of. */
  async setRight(target: Target, seen: SeenDomain, signal: AbortSignal): Promise<SeenDomain> {
    if (driftOf(seen).length === 0) return seen;
    const { find, live, marking } = this.#context;
    if (seen.isAutostarted) await marking.startByUsAlone(seen, signal);
    const isWhole = seen.isPersistent && !isEdited(seen);
    const right = isWhole ? seen : await this.#redefined(target, seen, signal);
    if (isDown(right)) return right;
    await live.apply(right, signal);
    const now = (await find(target.id, signal)) ?? right;
    if (!hasOtherProcessors(now)) return now;
    if (isOthersRun(now)) return this.#ended(now, signal);
    throw new AgentError(
      "RUNTIME_ERROR",
      `the machine runs with ${now.running?.size?.vcpus} processors instead of ${now.definition.size?.vcpus}, and does not take the others: it has to be stopped and started`,
      { retryable: true },
    );
  }

  async #ended(seen: SeenDomain, signal: AbortSignal): Promise<SeenDomain> {
    const { ends, find } = this.#context;
    await ends.end(await this.awake(seen, signal), { graceMs: graceOf(seen) }, signal);
    return (await find(seen.ownership.id, signal)) ?? seen;
  }

  async #redefined(target: Target, seen: SeenDomain, signal: AbortSignal): Promise<SeenDomain> {
    const { describe, find, marking } = this.#context;
    const { current } = seen.ownership;
    const isUp = !isDown(seen);
    // One that is down comes up with what it has: the next replacement tells what is wrong with that.
    if (!isUp && (await this.#otherDiskOf(seen)) !== undefined) return seen;
    await this.assertOwnDisks(seen);
    if (current === undefined) return seen;
    const { instance } = current;
    const hasRun = isUp || current.run !== undefined;
    const description = await describe(target, makingIn(seen, { instance, hasRun }), signal);
    if (isOthersRun(seen)) await this.#ended(seen, signal);
    await marking.define(description, seen.ownership, signal);
    return (await find(target.id, signal)) ?? seen;
  }

  /** Somebody has put another disk in the place of one, as a snapshot does: what the guest has written since is in that alone. */
  async assertOwnDisks(seen: SeenDomain): Promise<void> {
    const other = await this.#otherDiskOf(seen);
    if (other === undefined) return;
    throw new AgentError(
      "STORAGE_ERROR",
      `${other.device} of the machine is ${other.path} now, which is not what we made it of: bring a snapshot back into its disk (virsh blockcommit --active --pivot); to drop it with all that was written since, shut the machine down and bring the definition to what it was`,
      { retryable: true, effect: "none" },
    );
  }

  /** What runs counts as well: a definition that was brought back says nothing of where the guest writes. */
  async #otherDiskOf(seen: SeenDomain): Promise<DefinedDisk | undefined> {
    const { definition, ownership, running } = seen;
    const known = await this.#context.files.disksOf(ownership.id);
    const disks = [...definition.disks, ...(running?.disks ?? [])];
    return disks.find((it) => it.kind === "disk" && !known.includes(it.path));
  }

  /** Gives a machine that somebody has renamed its name again. libvirt renames none that runs: one that does was started by them. */
  async named(seen: SeenDomain, signal: AbortSignal): Promise<SeenDomain> {
    const { find, marking, strangers } = this.#context;
    const { id } = seen.ownership;
    if (seen.name === id) return seen;
    await strangers.refuseName(id, signal);
    await this.#ended(seen, signal);
    await marking.rename(seen, signal);
    return (await find(id, signal)) ?? seen;
  }

  /**
   * A machine that is paused goes on first: one that a failing disk has paused has in its memory what is on no disk yet, and must not be ended.
   * @throws {AgentError} STORAGE_ERROR where its disk still fails
   */
  async awake(seen: SeenDomain, signal: AbortSignal): Promise<SeenDomain> {
    if (seen.state !== domainState.paused) return seen;
    await this.#context.runs.run(seen, signal);
    return (await this.#context.find(seen.ownership.id, signal)) ?? seen;
  }
}

/** Whether what runs was begun by somebody else, also before we have begun any: nobody knows what it was made of. */
function isOthersRun(seen: SeenDomain): boolean {
  const { current } = seen.ownership;
  return !isDown(seen) && current !== undefined && !isOwnRun(seen, current);
}
