import { createHash } from "node:crypto";
import type { Progress } from "@persys/core";
import type { DockerClient, RegistryCredentials } from "./docker-client.ts";
import { dockerError, httpStatusOf } from "./docker-errors.ts";
import { FreeSpace } from "./image-free-space.ts";
import { type FailedPull, PullFailures } from "./image-pull-failure.ts";
import { referenceOf } from "./image-reference.ts";
import { pullLines } from "./image-pull-lines.ts";
import { PullProgress } from "./image-pull-progress.ts";

/** What is to be pulled, and as whom. */
export interface PullRequest {
  /** As the spec has it. Without tag and digest: `latest`. With both, the digest decides. */
  readonly reference: string;
  /** Undefined: as nobody. */
  readonly credentials: RegistryCredentials | undefined;
}

/** What an {@link ImagePuller} is made with. */
export interface ImagePullerOptions {
  readonly client: DockerClient;
  /** Whether the engine is on this host: free space and the registry are looked at from here only then. */
  readonly isLocal: boolean;
  /** A pull of which nothing new is heard for so long is called off. */
  readonly idleTimeoutMs: number;
}

interface Flight {
  readonly listeners: Set<Progress>;
  readonly abandon: AbortController;
  readonly done: Promise<void>;
  sentence: string;
}

/**
 * Pulls images. All who want the same image with the same credentials at the same time share one pull, which is called off when the last
 * of them has left. What was fetched of an image stays with the engine for a while, so that the next pull of it goes on from there.
 */
export class ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #failures: PullFailures;
  readonly #flights = new Map<string, Flight>();

  constructor(options: ImagePullerOptions) {
    this.#options = options;
    this.#failures = new PullFailures(options);
  }

  /**
   * Resolves once the engine has the image. Repeatable.
   * @throws the signal's reason as soon as it aborts. {AgentError}, all retryable: IMAGE_NOT_FOUND, REGISTRY_UNAUTHORIZED, NETWORK_ERROR
   * for a registry that cannot be reached, STORAGE_ERROR for a full disk, TIMEOUT for a pull that stands still, RUNTIME_UNAVAILABLE when the
   * engine goes away, IMAGE_PULL_FAILED for anything else.
   */
  async pull(request: PullRequest, signal: AbortSignal, progress: Progress): Promise<void> {
    signal.throwIfAborted();
    const flight = this.#join(request);
    const listener: Progress = (sentence) => {
      progress(sentence);
    };
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const leave = (): void => {
      reject(signal.reason);
    };
    flight.listeners.add(listener);
    signal.addEventListener("abort", leave, { once: true });
    try {
      progress(flight.sentence);
      await Promise.race([flight.done, aborted]);
    } finally {
      signal.removeEventListener("abort", leave);
      flight.listeners.delete(listener);
      // Whoever comes next must not join a pull that is being called off.
      if (flight.listeners.size === 0) this.#forget(keyOf(request), flight);
      if (flight.listeners.size === 0) flight.abandon.abort();
    }
  }

  #join(request: PullRequest): Flight {
    const key = keyOf(request);
    const flying = this.#flights.get(key);
    if (flying !== undefined) return flying;
    const abandon = new AbortController();
    const listeners = new Set<Progress>();
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    const flight = { listeners, abandon, done, sentence: `pulling ${request.reference}` };
    this.#flights.set(key, flight);
    const tell: Progress = (sentence) => {
      if (sentence === flight.sentence) return;
      flight.sentence = sentence;
      for (const listener of listeners) listener(sentence);
    };
    this.#run(request, abandon.signal, tell)
      .finally(() => {
        this.#forget(key, flight);
      })
      .then(resolve, reject);
    return flight;
  }

  #forget(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }

  async #run(request: PullRequest, signal: AbortSignal, tell: Progress): Promise<void> {
    const space = this.#options.isLocal ? new FreeSpace(this.#options.client) : undefined;
    space?.watch(signal);
    try {
      const failed = await this.#attempt(request, signal, tell);
      if (failed === undefined) return;
      tell(`pulling ${request.reference} failed: looking for the reason`);
      await space?.look();
      throw await this.#failures.explain({ ...request, failed, space }, signal);
    } finally {
      space?.end();
    }
  }

  /** Undefined: the engine has the image. @throws {AgentError} when the engine went away; the signal's reason. */
  async #attempt(
    request: PullRequest,
    signal: AbortSignal,
    tell: Progress,
  ): Promise<FailedPull | undefined> {
    const view = new PullProgress(request.reference);
    const standstill = new AbortController();
    const watchdog = setTimeout(() => {
      standstill.abort();
    }, this.#options.idleTimeoutMs);
    const either = AbortSignal.any([signal, standstill.signal]);
    try {
      const stream = await this.#begin(request, either);
      // The engine answers an error as a status only before its first line; after that, as the last line.
      for await (const line of pullLines(readable(stream))) {
        const words = line.error ?? line.errorDetail?.message;
        if (words !== undefined) return { kind: "broken", words, totalBytes: view.totalBytes };
        if (!view.add(line)) continue;
        watchdog.refresh();
        tell(view.sentence);
      }
      either.throwIfAborted();
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (standstill.signal.aborted)
        return { kind: "standstill", timeoutMs: this.#options.idleTimeoutMs };
      const failure = dockerError(error, `pull ${request.reference}`);
      if (httpStatusOf(failure) === undefined || failure.code === "RUNTIME_UNAVAILABLE")
        throw failure;
      return { kind: "refused", error: failure };
    } finally {
      clearTimeout(watchdog);
    }
  }

  #begin(
    { reference, credentials }: PullRequest,
    signal: AbortSignal,
  ): Promise<NodeJS.ReadableStream> {
    const { registry, repository, tag = "latest", digest } = referenceOf(reference);
    const call = {
      path: "/images/create",
      method: "POST",
      // Without a tag the engine would pull every one there is.
      query: { fromImage: `${registry}/${repository}`, tag: digest ?? tag },
      ...(credentials === undefined ? {} : { credentials }),
    } as const;
    return this.#options.client.stream(`pull ${reference}`, call, signal);
  }
}

/** Who pulls the same image with other credentials must not profit from these. Holds no secret. */
function keyOf({ reference, credentials }: PullRequest): string {
  const proof = createHash("sha256")
    .update(JSON.stringify(credentials ?? null))
    .digest("hex");
  return `${reference} ${proof}`;
}

/** The stream with chunks of a known type. */
async function* readable(stream: NodeJS.ReadableStream): AsyncGenerator<string | Uint8Array> {
  for await (const chunk of stream) yield chunk;
}
