import { Code } from "@connectrpc/connect";
import { ActualState, DesiredState, type WorkloadStatus } from "@persys/client/contract";
import type { Applied, ApiStage, Wish } from "./api-stage.ts";
import { stateName } from "./enum-values.ts";
import { demand, refusal, same } from "./judge.ts";
import { type Operation, workloadsAtPlay } from "./model-operations.ts";

/** What is wanted of one workload. */
interface Wanted {
  readonly variant: number;
  readonly revisionId: string;
  readonly desired: DesiredState;
  readonly generation: bigint;
  readonly uid: string;
}

/** `leaving`: its deletion was accepted and it may or may not be gone yet. */
type Known = Wanted | { readonly leaving: string } | undefined;

type OperationOf<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

/** Sends requests to a server and compares every answer with what the model says is wanted. */
export class ModelRun {
  readonly #stage: ApiStage;
  readonly #ids: readonly string[];
  readonly #known: Known[] = [];
  /** The revision that the server derives from each variant. */
  readonly #derived: Map<number, string>;

  /** `derived` is shared by all runs on one server. */
  constructor(stage: ApiStage, name: string, derived: Map<number, string>) {
    this.#stage = stage;
    this.#derived = derived;
    this.#ids = Array.from({ length: workloadsAtPlay }, (_, at) => stage.id(`${name}-w${at}`));
  }

  /** @throws {ContractViolation} when answer or status is another than the model's. */
  async perform(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case "apply":
        await this.#apply(operation);
        break;
      case "want":
        await this.#want(operation);
        break;
      case "delete":
        await this.#delete(operation);
        break;
      case "retry":
        await this.#retry(operation.at);
        break;
      case "read":
        await this.#stage.client.listWorkloads({});
        break;
    }
    await this.#compare(operation.at);
  }

  /** Waits until everything is as wanted. @throws {ContractViolation} past the patience. */
  async settle(): Promise<void> {
    await Promise.all(this.#ids.map((id, at) => this.#settled(id, this.#known[at])));
  }

  async #apply(operation: OperationOf<"apply">): Promise<void> {
    const { at, variant, validateOnly } = operation;
    const known = this.#known[at];
    const isLeaving = known !== undefined && "leaving" in known;
    // What a check, or an expectation, means while a workload goes depends on whether it is gone.
    if (isLeaving && (validateOnly || operation.expectedOff !== undefined)) return;
    const current = isLeaving ? undefined : known;
    const wish = this.#wishOf(operation, current);
    const id = this.#id(at);
    if (!isExpected(operation, current)) {
      await refusal(this.#stage.apply(id, wish), Code.Aborted);
      return;
    }
    const named = this.#revisionOf(operation, current);
    const isCurrent = current !== undefined && named === current.revisionId;
    if (isCurrent && variant !== current.variant) {
      await refusal(this.#stage.apply(id, wish), Code.Aborted);
      return;
    }
    const answer = await this.#stage.apply(id, wish);
    const isSame = isCurrent && wish.desired === current.desired;
    same(answer.skipped, isSame, "skipped exactly when nothing differs from what is wanted");
    same(answer.applied, !isSame && !validateOnly, "applied exactly when something does");
    if (isSame || validateOnly) return;
    const status = isLeaving ? await this.#comes(at, known.leaving) : answer.status;
    this.#learn(operation, status, { named, current });
  }

  #learn(
    { at, variant, stopped }: OperationOf<"apply">,
    { revisionId, generation, uid }: WorkloadStatus,
    {
      named,
      current,
    }: { readonly named: string | undefined; readonly current: Wanted | undefined },
  ): void {
    const desired = wantedState(stopped);
    if (named === undefined) {
      demand(revisionId !== "", "a revision without an id is given one");
      this.#derived.set(variant, revisionId);
    } else same(revisionId, named, "the answer names the revision");
    demand(generation > (current?.generation ?? 0n), "a change makes a greater generation");
    if (current !== undefined) same(uid, current.uid, "it is still the same creation");
    this.#known[at] = { variant, revisionId, desired, generation, uid };
  }

  async #want(operation: OperationOf<"want">): Promise<void> {
    const { at, stopped } = operation;
    const known = this.#known[at];
    const id = this.#id(at);
    const desired = wantedState(stopped);
    if (known === undefined || "leaving" in known) {
      const codes = [Code.InvalidArgument, Code.NotFound, Code.Aborted];
      await refusal(this.#stage.apply(id, { desired }), codes);
      return;
    }
    const wish: Wish = { desired, ...expectation(operation, known) };
    if (!isExpected(operation, known)) {
      await refusal(this.#stage.apply(id, wish), Code.Aborted);
      return;
    }
    const answer: Applied = await this.#stage.apply(id, wish);
    const isSame = desired === known.desired;
    same(answer.skipped, isSame, "skipped exactly when it is wanted so already");
    if (isSame) return;
    const { generation } = answer.status;
    demand(generation > known.generation, "a change makes a greater generation", answer);
    this.#known[at] = { ...known, desired, generation };
  }

  async #delete({ at, awaited }: OperationOf<"delete">): Promise<void> {
    const known = this.#known[at];
    const id = this.#id(at);
    const answer = await this.#stage.client.deleteWorkload({ id });
    demand(answer.success, "a delete succeeds", answer);
    const isLeaving = known !== undefined && "leaving" in known;
    if (!isLeaving) same(answer.existed, known !== undefined, "it says whether there was one");
    if (known !== undefined && !isLeaving) this.#known[at] = { leaving: known.uid };
    if (!awaited) return;
    await this.#stage.gone(id);
    this.#known[at] = undefined;
  }

  async #retry(at: number): Promise<void> {
    const known = this.#known[at];
    if (known !== undefined && "leaving" in known) return;
    const call = this.#stage.client.retryWorkload({ id: this.#id(at) });
    if (known === undefined) await refusal(call, [Code.NotFound, Code.Unimplemented]);
    else same((await call).accepted, false, "there is nothing to retry");
  }

  /** The status of the creation that comes after one that goes. */
  #comes(at: number, old: string): Promise<WorkloadStatus> {
    return this.#stage.until("the new creation comes", async () => {
      const status = await this.#stage.find(this.#id(at));
      return [status !== undefined && status.uid !== old ? status : undefined, status];
    });
  }

  async #compare(at: number): Promise<void> {
    const known = this.#known[at];
    const status = await this.#stage.find(this.#id(at));
    if (known !== undefined && "leaving" in known) {
      const isGoing = status === undefined || status.desiredState === DesiredState.DELETED;
      demand(isGoing, "what was deleted is gone, or goes", status);
      return;
    }
    const seen =
      status === undefined
        ? undefined
        : [status.revisionId, status.desiredState, status.generation, status.uid];
    const expected =
      known === undefined
        ? undefined
        : [known.revisionId, known.desired, known.generation, known.uid];
    same(seen, expected, "revision, wanted state, generation and uid are what was asked for");
  }

  #settled(id: string, known: Known): Promise<unknown> {
    if (known === undefined || "leaving" in known) return this.#stage.gone(id);
    const isRunning = known.desired === DesiredState.RUNNING;
    const state = isRunning ? ActualState.RUNNING : ActualState.STOPPED;
    return this.#stage.until(`${id} reaches ${stateName(state)}`, async () => {
      const status = await this.#stage.status(id);
      same(status.generation, known.generation, "nobody but a request makes a generation");
      const isThere =
        status.actualState === state &&
        (!isRunning || status.observedRevisionId === known.revisionId);
      return [isThere ? true : undefined, status];
    });
  }

  #wishOf(operation: OperationOf<"apply">, current: Wanted | undefined): Wish {
    const { variant, revisionId, stopped, validateOnly } = operation;
    return {
      spec: this.#stage.workloads.longRunning(variant),
      revisionId,
      desired: wantedState(stopped),
      ...(validateOnly ? { validateOnly } : {}),
      ...expectation(operation, current),
    };
  }

  /** The revision that an apply means; undefined when only the server knows what it derives. */
  #revisionOf(
    { variant, revisionId }: OperationOf<"apply">,
    current: Wanted | undefined,
  ): string | undefined {
    if (revisionId !== "") return revisionId;
    return variant === current?.variant ? current.revisionId : this.#derived.get(variant);
  }

  #id(at: number): string {
    return this.#ids[at] ?? "";
  }
}

function wantedState(stopped: boolean): DesiredState {
  return stopped ? DesiredState.STOPPED : DesiredState.RUNNING;
}

type Expecting = Pick<OperationOf<"want">, "expectedOff">;

function expectedOf({ expectedOff }: Expecting, current: Wanted | undefined): number | undefined {
  if (expectedOff === undefined) return undefined;
  return Math.max(0, Number(current?.generation ?? 0n) + expectedOff);
}

function expectation(
  operation: Expecting,
  current: Wanted | undefined,
): Pick<Wish, "expectedGeneration"> {
  const expectedGeneration = expectedOf(operation, current);
  return expectedGeneration === undefined ? {} : { expectedGeneration };
}

function isExpected(operation: Expecting, current: Wanted | undefined): boolean {
  const expected = expectedOf(operation, current);
  return expected === undefined || BigInt(expected) === (current?.generation ?? 0n);
}
