import {
  type AgentApi,
  type ApplyRequest,
  type ApplyResult,
  derivedRevisionId,
  type Json,
  specDigest,
} from "@persys/core";
import type { Hits } from "./hits.ts";
import type { RequestCommand } from "./life.ts";
import type { ModelSpec, RuntimeModel } from "./runtime-model.ts";
import type { InvariantName } from "./simulation-violation.ts";
import type { SimulationTrace } from "./simulation-trace.ts";
import { statusOf } from "./status-rules.ts";
import { type Change, type Wish, Wishes } from "./wishes.ts";

/** What simulated users stand on. */
export interface UsersContext {
  readonly model: RuntimeModel;
  readonly hits: Hits;
  readonly trace: SimulationTrace;
  readonly violate: (invariant: InvariantName, message: string) => void;
  readonly touch: (id: string) => void;
}

const caller = { identity: "simulation" } as const;

/** A record that is deleted in the place of a damaged one is stored first. */
const adopted: Wish = { kind: "some", desired: "stopped", revisionId: "unknown" };

/** Sends requests, and remembers of every workload what its users may count on. */
export class SimulatedUsers {
  readonly wishes: Map<string, Wishes> = new Map();
  readonly #context: UsersContext;
  readonly #specs = new Map<string, ModelSpec>();
  readonly #applied = new Map<string, ApplyRequest>();
  /** The number of the last request for each workload. */
  readonly #lastSent = new Map<string, number>();
  #sent = 0;
  /** Ids whose deletion was asked for since their record was damaged. */
  readonly #removing = new Set<string>();

  constructor(context: UsersContext) {
    this.#context = context;
  }

  /** The spec that a revision was made from. */
  specOf(revisionId: string): ModelSpec | undefined {
    return this.#specs.get(revisionId);
  }

  /** Whether anybody has ever asked for such a workload. */
  isKnown(id: string): boolean {
    return this.wishes.has(id);
  }

  /** Whether somebody has asked for the deletion of a workload since its record was damaged. */
  isRemoving(id: string): boolean {
    return this.#removing.has(id);
  }

  /** The record of a workload was damaged. */
  noteTorn(id: string): void {
    this.#removing.delete(id);
    this.#applied.delete(id);
    this.wishes.get(id)?.corrupt();
  }

  /** Sends a request. */
  ask(api: AgentApi, command: RequestCommand): void {
    this.#context.hits.add("requests", command.do);
    this.#context.touch(command.id);
    const { id } = command;
    switch (command.do) {
      case "apply":
        return this.#apply(api, this.#requestOf(command));
      case "apply again":
        return this.#applyAgain(api, id, command.times);
      case "apply otherwise":
        return this.#applyOtherwise(api, id);
      case "want": {
        const { desired } = command;
        const request = { id, type: undefined, revisionId: "", desired, spec: undefined };
        return this.#send(id, `want ${desired}`, api.apply(request, caller), (wish) =>
          wish.kind === "some" ? [{ ...wish, desired }] : [wish],
        );
      }
      case "remove":
        this.#removing.add(id);
        return this.#send(id, "remove", api.remove(id, caller), (wish) =>
          wish.kind === "corrupt" ? [wish, adopted, { kind: "none" }] : [{ kind: "none" }],
        );
      case "retry":
        return this.#send(id, "retry", api.retry(id, caller), (wish) => [wish]);
    }
  }

  #requestOf({
    id,
    spec: name,
    number,
    desired,
  }: Extract<RequestCommand, { do: "apply" }>): ApplyRequest {
    const { model } = this.#context;
    const chosen = model.specs.find((it) => it.name === name) ?? model.specs[0];
    const spec = { ...chosen.spec, [chosen.noteMember]: `${name}-${number}` };
    // A revision id that is left out follows from the spec.
    const revisionId = number === 0 ? "" : `${name}-${number}`;
    this.#specs.set(revisionId === "" ? derivedOf(spec) : revisionId, chosen);
    return { id, type: model.type, revisionId, desired, spec };
  }

  #apply(api: AgentApi, request: ApplyRequest): void {
    const { id, revisionId, desired } = request;
    const made = revisionId === "" ? derivedOf(request.spec) : revisionId;
    const answer = api.apply(request, caller);
    this.#send(id, `apply ${made} ${desired}`, answer, changeOf(request, made));
    const sent = this.#lastSent.get(id);
    answer.then(
      () => {
        // Nothing else has been asked for since.
        if (this.#lastSent.get(id) === sent) this.#applied.set(id, request);
      },
      () => {},
    );
  }

  /** The same request once more has no effect of its own, except that it is a retry of what was given up. */
  #applyAgain(api: AgentApi, id: string, times: number): void {
    const request = this.#applied.get(id);
    const before = statusOf(api, id);
    if (request === undefined || before === undefined || this.#wishesOf(id).isOpen) return;
    // What is just being given up would be tried again by it.
    const { next, blockedBy } = api.explain(id);
    const isCalm = next.step === "settled" && blockedBy === "" && before.actual !== "failed";
    const made = request.revisionId === "" ? derivedOf(request.spec) : request.revisionId;
    for (let time = 0; time < times; time += 1) {
      const answer = api.apply(request, caller);
      this.#send(id, "apply again", answer, changeOf(request, made));
      if (isCalm && before.desired !== "deleted") this.#expectSkipped(answer, before.generation);
    }
    this.#applied.set(id, request);
  }

  #expectSkipped(answer: Promise<ApplyResult>, generation: number): void {
    answer.then(
      ({ skipped, status }) => {
        if (skipped || status.generation !== generation + 1) return;
        // Between the two it may have come to be given up: then it was a retry.
        if (status.failure !== undefined) return;
        this.#context.violate("I6", `the same apply of ${status.id} once more changed something`);
      },
      () => {},
    );
  }

  /** Another spec under a known revision id is refused. */
  #applyOtherwise(api: AgentApi, id: string): void {
    const request = this.#applied.get(id);
    if (request === undefined || request.revisionId === "") return;
    const [wish, ...others] = this.#wishesOf(id).possible;
    const isCertain = others.length === 0 && !this.#wishesOf(id).isOpen;
    if (!isCertain || wish?.kind !== "some" || wish.revisionId !== request.revisionId) return;
    const known = this.#specs.get(request.revisionId);
    const other = this.#context.model.specs.find((it) => it !== known);
    if (other === undefined) return;
    const spec = { ...other.spec, [other.noteMember]: "another" };
    const what = `apply ${request.revisionId} with another spec`;
    const answer = api.apply({ ...request, spec }, caller);
    this.#send(id, what, answer, (before) => [before]);
    answer.then(
      () =>
        this.#context.violate("I6", `another spec of ${id} was accepted under a known revision`),
      () => {},
    );
  }

  #send(id: string, what: string, answer: Promise<unknown>, change: Change): void {
    const { trace } = this.#context;
    this.#sent += 1;
    this.#lastSent.set(id, this.#sent);
    this.#applied.delete(id);
    trace.say(id, `? ${what}`);
    this.#wishesOf(id).follow(change, answer, (answered) => {
      trace.say(id, `= ${what}: ${answered}`);
      this.#context.touch(id);
    });
  }

  #wishesOf(id: string): Wishes {
    let wishes = this.wishes.get(id);
    if (wishes === undefined) {
      wishes = new Wishes();
      this.wishes.set(id, wishes);
    }
    return wishes;
  }
}

/** What an apply makes of a wish. A damaged record has to be deleted first. */
function changeOf({ desired }: ApplyRequest, revisionId: string): Change {
  const wish: Wish = {
    kind: "some",
    desired: desired === "stopped" ? "stopped" : "running",
    revisionId,
  };
  return (before) => (before.kind === "corrupt" ? [before] : [wish]);
}

function derivedOf(spec: unknown): string {
  return derivedRevisionId(specDigest(spec as Json));
}
