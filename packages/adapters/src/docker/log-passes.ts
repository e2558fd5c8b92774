import { AgentError, type LogChunk, type LogOptions } from "@persys/core";
import type { DockerClient, StreamCall } from "./docker-client.ts";
import { dockerError } from "./docker-errors.ts";
import type { ContainerReport } from "./docker-reports.ts";
import { LogChunks } from "./log-chunks.ts";
import { logEntryOf, LogFrameReader, secondsTextOf } from "./log-frames.ts";
import { LogPosition } from "./log-position.ts";

/** A container to read the log of. */
export interface LogSource {
  readonly id: string;
  /** When it was last started, as the engine says it: it names the run. */
  readonly startedAt: string;
  readonly isRunning: boolean;
  /** Whether it has a terminal: its output is one stream then, without frames. */
  readonly isTty: boolean;
}

/** The part of an inspection that reading a log takes. */
export function logSourceOf({ Id, State, Config }: ContainerReport): LogSource {
  const { StartedAt: startedAt, Running: isRunning } = State;
  return { id: Id, startedAt, isRunning, isTty: Config.Tty };
}

/** What {@link LogPasses} reads, and from where. */
export interface LogPassesContext {
  readonly client: Pick<DockerClient, "facts" | "stream">;
  readonly options: LogOptions;
  /** The engine's clock when a follower began, Unix milliseconds: of containers that come later, nothing older is new. */
  readonly begunMs: number;
  readonly signal: AbortSignal;
}

/** How a pass ended: at the end of all there is, or before it, and why. */
export type PassEnd =
  | { readonly isWhole: true }
  | { readonly isWhole: false; readonly error: AgentError };

const doing = "read the log of the container";

/** The engine tells its time in milliseconds. */
const clockSlackNs = 1_000_000n;

/** Replacements after which it is not known any more how far a container was read, should that one come back. */
const positionsMax = 8;

/** Reads the logs of the containers of one workload, each as often as wanted: every pass goes on where the one before ended. */
export class LogPasses {
  readonly #context: LogPassesContext;
  readonly #chunks = new LogChunks();
  readonly #positions = new Map<string, LogPosition>();
  /** The last run that was read of each container with a terminal, whose output has no times. */
  readonly #rawRuns = new Map<string, string>();
  #isTailPending: boolean;
  #hasBegun = false;

  constructor(context: LogPassesContext) {
    this.#context = context;
    this.#isTailPending = context.options.tailLines !== undefined;
  }

  /** Whether the engine has answered to any of them. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /**
   * What is new in the log of the container; of one that runs, when a follower asks, until it ends.
   * @throws the signal's reason; {AgentError} when the output of a terminal breaks off: it has no place to go on from.
   */
  async *pass(source: LogSource): AsyncGenerator<LogChunk, PassEnd, undefined> {
    try {
      if (source.isTty) yield* this.#readRaw(source);
      else yield* this.#readLines(source);
      return { isWhole: true };
    } catch (error) {
      this.#context.signal.throwIfAborted();
      const failure = dockerError(error, doing);
      if (source.isTty) throw failure;
      return { isWhole: false, error: failure };
    }
  }

  /** What has been read of lines whose end will not come. */
  rest(): Iterable<LogChunk> {
    return this.#chunks.all();
  }

  async *#readLines({ id }: LogSource): AsyncGenerator<LogChunk, void, undefined> {
    const position = this.#positionOf(id);
    const isTail = this.#isTailPending;
    const { sinceMs, tailLines = 0 } = this.#context.options;
    const stream = await this.#open(id, {
      ...(isTail ? { tail: tailLines, ...sinceQuery(nanoseconds(sinceMs)) } : {}),
      ...(isTail ? {} : sinceQuery(position.sinceNs)),
      timestamps: true,
    });
    position.beginPass(isTail);
    const frames = new LogFrameReader();
    for await (const piece of stream) {
      for (const frame of frames.push(Buffer.from(piece))) {
        const entry = logEntryOf(frame);
        if (position.isBehind(entry) && (await this.#isSetBack(position.lastNs(entry.stream))))
          position.startOver(entry.stream);
        if (!position.take(entry)) continue;
        this.#isTailPending = false;
        yield* this.#chunks.add(entry);
      }
      yield* this.#chunks.lines();
    }
    if (frames.isInside)
      throw new AgentError("RUNTIME_UNAVAILABLE", `could not ${doing}: it broke off`, {
        retryable: true,
      });
    this.#isTailPending = false;
  }

  /** Whether the engine's clock is behind what has been delivered: what comes then is new in spite of its time. */
  async #isSetBack(lastNs: bigint | undefined): Promise<boolean> {
    const { client, signal } = this.#context;
    const nowNs = nanoseconds((await client.facts(signal)).nowMs) ?? 0n;
    return lastNs !== undefined && nowNs + clockSlackNs < lastNs;
  }

  async *#readRaw({ id, startedAt }: LogSource): AsyncGenerator<LogChunk, void, undefined> {
    const lastRun = this.#rawRuns.get(id);
    if (lastRun === startedAt) return;
    const { sinceMs, tailLines } = this.#context.options;
    const isFirst = this.#rawRuns.size === 0;
    const stream = await this.#open(id, {
      ...(isFirst && tailLines !== undefined ? { tail: tailLines } : {}),
      ...(isFirst ? sinceQuery(nanoseconds(sinceMs)) : { since: Date.parse(startedAt) / 1_000 }),
    });
    this.#rawRuns.set(id, startedAt);
    for await (const piece of stream) yield { stream: "stdout", data: Buffer.from(piece) };
  }

  async #open(id: string, query: StreamCall["query"]): Promise<NodeJS.ReadableStream> {
    const { client, options, signal } = this.#context;
    const stream = await client.stream(
      doing,
      {
        path: `/containers/${id}/logs`,
        method: "GET",
        query: { follow: options.follow, stdout: true, stderr: true, ...query },
      },
      signal,
    );
    this.#hasBegun = true;
    return stream;
  }

  #positionOf(id: string): LogPosition {
    const known = this.#positions.get(id);
    if (known !== undefined) return known;
    const { options, begunMs } = this.#context;
    const { sinceMs = 0, tailLines } = options;
    const isFirst = this.#positions.size === 0;
    // The last lines are those of the container that was there first.
    if (!isFirst) this.#isTailPending = false;
    const isFromNow = !isFirst || tailLines !== undefined;
    const floorMs = isFromNow ? Math.max(begunMs, sinceMs) : options.sinceMs;
    const position = new LogPosition(nanoseconds(floorMs));
    this.#positions.set(id, position);
    const [oldest] = this.#positions.keys();
    if (this.#positions.size > positionsMax && oldest !== undefined) this.#positions.delete(oldest);
    return position;
  }
}

function nanoseconds(timeMs: number | undefined): bigint | undefined {
  return timeMs === undefined ? undefined : BigInt(Math.trunc(timeMs)) * 1_000_000n;
}

function sinceQuery(sinceNs: bigint | undefined): { readonly since?: string } {
  return sinceNs === undefined ? {} : { since: secondsTextOf(sinceNs) };
}
