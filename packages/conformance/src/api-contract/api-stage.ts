import { setTimeout as elapsed } from "node:timers/promises";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { AgentClient } from "@persys/client";
import {
  type ActualState,
  DesiredState,
  type WatchWorkloadsResponse,
  type WorkloadStatus,
} from "@persys/client/contract";
import type { CaseContext } from "../contract-case.ts";
import { ContractViolation } from "../contract-violation.ts";
import { SeededRandom } from "../seeded-random.ts";
import { type ApiConnection, type ConnectionOptions, connectTo } from "./api-connection.ts";
import type { ApiWorkloads, ResolvedSubject, SpecInit } from "./api-subject.ts";
import { CallLog } from "./call-log.ts";
import { stateName } from "./enum-values.ts";
import { demand } from "./judge.ts";

/** A wish, as far as a case says more than the id. */
export interface Wish {
  readonly spec?: SpecInit;
  readonly revisionId?: string;
  readonly desired?: DesiredState;
  readonly validateOnly?: boolean;
  readonly wait?: boolean;
  readonly expectedGeneration?: number;
}

/** What came of an apply. */
export interface Applied {
  readonly applied: boolean;
  readonly skipped: boolean;
  readonly message: string;
  readonly status: WorkloadStatus;
}

/** First and longest pause between two looks, in milliseconds. */
const pauseMsMin = 20;
const pauseMsMax = 250;

/** What one case works with: connections, ids of its own, and a broom. */
export class ApiStage {
  readonly subject: ResolvedSubject;
  readonly workloads: ApiWorkloads;
  readonly random: SeededRandom;
  readonly signal: AbortSignal;
  readonly client: AgentClient;
  readonly unjudged: (because: string) => void;
  readonly #calls = new CallLog();
  readonly #connections: ApiConnection[] = [];
  readonly #ids = new Set<string>();
  readonly #prefix: string;

  /** `name` tells the ids of this case from those of the others. */
  constructor(subject: ResolvedSubject, context: CaseContext, name: string) {
    this.subject = subject;
    this.workloads = subject.workloads;
    this.random = new SeededRandom(context.seed);
    this.signal = context.signal;
    this.unjudged = context.unjudged;
    // Runs of the same case, also at the same time, have to stay apart.
    const run = crypto.randomUUID().slice(0, 8);
    this.#prefix = `${subject.idPrefix}-${name}-${run}`;
    this.client = this.connect();
  }

  /** What was called so far. */
  get calls(): readonly string[] {
    return this.#calls.lines;
  }

  /** A further client. It is closed with the stage. */
  connect(options: ConnectionOptions = {}): AgentClient {
    const { interceptors = [], ...rest } = options;
    const around = [this.#calls.intercept, endingWith(this.signal), ...interceptors];
    const connection = connectTo(this.subject, { ...rest, interceptors: around });
    this.#connections.push(connection);
    return connection.client;
  }

  /** An id that is cleared away with the stage. */
  id(name: string): string {
    const id = `${this.#prefix}-${name}`;
    this.#ids.add(id);
    return id;
  }

  /** Sends an apply. @throws {ConnectError} what the server answers with. */
  async apply(id: string, wish: Wish = {}): Promise<Applied> {
    const { desired = DesiredState.UNSPECIFIED, expectedGeneration, ...rest } = wish;
    const answer = await this.client.applyWorkload({
      id,
      desiredState: desired,
      ...rest,
      ...(expectedGeneration === undefined
        ? {}
        : { expectedGeneration: BigInt(expectedGeneration) }),
    });
    const { applied, skipped, message, status } = answer;
    demand(status !== undefined, "an apply answers with the status of the workload", answer);
    return { applied, skipped, message, status };
  }

  /** Applies a workload that runs on, and returns its id. */
  async applied(name: string, wish: Wish = {}): Promise<string> {
    const id = this.id(name);
    await this.apply(id, { spec: this.workloads.longRunning(1), ...wish });
    return id;
  }

  /** The status. @throws {ConnectError} such as NOT_FOUND. */
  async status(id: string): Promise<WorkloadStatus> {
    const { status } = await this.client.getWorkloadStatus({ id });
    demand(status !== undefined, "the answer carries a status");
    return status;
  }

  /** The status, or undefined when there is no such workload. */
  async find(id: string): Promise<WorkloadStatus | undefined> {
    try {
      return await this.status(id);
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.NotFound) return undefined;
      throw error;
    }
  }

  /** The status once it is in the state, and of the wanted revision where it runs. @throws {ContractViolation} past the patience. */
  reaches(id: string, state: ActualState): Promise<WorkloadStatus> {
    return this.until(`${id} reaches ${stateName(state)}`, async () => {
      const status = await this.status(id);
      return [status.actualState === state ? status : undefined, status];
    });
  }

  /** Resolves once there is no such workload. @throws {ContractViolation} past the patience. */
  async gone(id: string): Promise<void> {
    await this.until(`${id} is gone`, async () => {
      const status = await this.find(id);
      return [status === undefined ? true : undefined, status];
    });
  }

  /**
   * The first part of what `look` returns, once that is no longer undefined; the second part is what a failure shows.
   * @throws {ContractViolation} past the patience.
   */
  async until<T>(
    what: string,
    look: () => Promise<readonly [T | undefined, unknown?]>,
  ): Promise<T> {
    const deadlineMs = performance.now() + this.subject.patienceMs;
    let pauseMs = pauseMsMin;
    for (;;) {
      const [found, seen] = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadlineMs) {
        throw new ContractViolation(`${what} within ${this.subject.patienceMs} ms`, { seen });
      }
      await elapsed(pauseMs, undefined, { signal: this.signal });
      pauseMs = Math.min(pauseMsMax, pauseMs * 1.5);
    }
  }

  /** The events of a watch, until the case closes it. */
  watch(
    request: Parameters<AgentClient["watchWorkloads"]>[0],
    signal?: AbortSignal,
  ): AsyncIterable<WatchWorkloadsResponse> {
    return this.client.watchWorkloads(request, signal === undefined ? {} : { signal });
  }

  /** Deletes what the case made, waits until it is gone, and closes all connections. @throws when something stays. */
  async clear(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    // Also after the case was given up: what it made is not left behind.
    const broom = connectTo(this.subject);
    try {
      await Promise.all([...this.#ids].map((id) => sweep(broom.client, id, this.subject)));
    } finally {
      broom.close();
    }
  }
}

async function sweep(client: AgentClient, id: string, subject: ResolvedSubject): Promise<void> {
  const deadlineMs = performance.now() + subject.patienceMs;
  let pauseMs = pauseMsMin;
  let last: unknown;
  for (;;) {
    try {
      const answer = await client.deleteWorkload({ id });
      if (!answer.existed && answer.status === undefined) return;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadlineMs) {
      const message = `workload ${id} is gone ${subject.patienceMs} ms after it was deleted`;
      throw new ContractViolation(message, last === undefined ? {} : { cause: last });
    }
    await elapsed(pauseMs);
    pauseMs = Math.min(pauseMsMax, pauseMs * 1.5);
  }
}

/** Gives every call up when the case is given up. */
function endingWith(signal: AbortSignal): Interceptor {
  return (next) => (request) =>
    next({ ...request, signal: AbortSignal.any([request.signal, signal]) });
}
