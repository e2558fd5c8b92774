import { AgentError, type ErrorCode } from "@persys/core";
import type { DockerClient, EngineFacts, RegistryCredentials } from "./docker-client.ts";
import { httpStatusOf } from "./docker-errors.ts";
import type { FreeSpace } from "./image-free-space.ts";
import { pulledNameOf, referenceOf } from "./image-reference.ts";
import {
  type AnsweringRegistry,
  isLoopback,
  lookAtRegistry,
  type RegistryLook,
} from "./registry-look.ts";

/** How a pull failed, as far as the pull itself tells. */
export type FailedPull =
  /** The engine answered with a status, before it told anything. */
  | { readonly kind: "refused"; readonly error: AgentError }
  /** The engine told the failure in words, in the course of the pull, of so many bytes in all. */
  | { readonly kind: "broken"; readonly words: string; readonly totalBytes: number }
  /** Nothing new was heard for the time allowed. */
  | { readonly kind: "standstill"; readonly timeoutMs: number };

/** A pull that failed, and what was seen meanwhile. */
export interface PullCase {
  readonly reference: string;
  readonly credentials: RegistryCredentials | undefined;
  readonly failed: FailedPull;
  /** Undefined for an engine on another host. */
  readonly space: FreeSpace | undefined;
}

/** Longest piece of the engine's words in a message, in characters. */
const wordsCharsMax = 500;
const unseen: AnsweringRegistry = { kind: "answers", wantsPassword: false };
/** An engine gives up on a registry after 15 s, and then tries once more without TLS. */
const distributionTimeoutMs = 15_000;
const factsTimeoutMs = 5_000;

/**
 * Finds out why a pull failed. The engine (20.10 was tried; it asks the registry's /v2/, then for the manifest, then for the layers)
 * tells it in words alone, and with the status 500 for nearly everything:
 *
 * | what is wrong                            | the pull answers                        | `GET /distribution/…/json` | the registry itself |
 * |------------------------------------------|-----------------------------------------|----------------------------|---------------------|
 * | no such repository, tag or digest        | 404                                     | 404                        | 200                 |
 * | no credentials, the registry has passwords | 500                                   | 500                        | 401, basic          |
 * | no credentials, the registry has tokens  | 404 or 500: it has several ways to say it | 403 or 401               | 401, bearer         |
 * | wrong credentials                        | 500                                     | 401                        | 401                 |
 * | refuses connections, has no address      | 500 at once                             | 500 at once                | errno               |
 * | accepts and says nothing                 | 500 after 25 s                          | 500 after 25 s             | no answer           |
 * | answers 429                              | 500                                     | 429                        | any                 |
 * | answers 5xx, or what is no registry's    | 500                                     | 500                        | 5xx or any          |
 * | breaks off within a layer                | 200; an error as the last line¹         | 200                        | 200                 |
 * | sends other bytes than the digest says   | 200; an error as the last line          | 200                        | 200                 |
 * | hangs within a layer                     | 200; nothing more²                      | 200                        | 200                 |
 * | goes away within a layer                 | 200; an error as the last line after 5 s | 500                       | errno               |
 * | no space left on the disk                | 200; an error as the last line³         | 200                        | 200                 |
 *
 * ¹ After five attempts in 75 s, each from where the last one ended. ² Called off then, the engine may keep the connection until the
 * registry goes on. ³ By then the space that the pull took is free again.
 *
 * So it is asked again where a status tells more, and only what is left over is a pull that failed for no reason known.
 */
export class PullFailures {
  readonly #client: DockerClient;
  readonly #isLocal: boolean;

  constructor(options: { readonly client: DockerClient; readonly isLocal: boolean }) {
    this.#client = options.client;
    this.#isLocal = options.isLocal;
  }

  /**
   * The failure as an AgentError, always retryable: all of it may heal.
   * @throws the signal's reason when it aborts. {AgentError} RUNTIME_UNAVAILABLE when the engine itself answers no more.
   */
  async explain(it: PullCase, signal: AbortSignal): Promise<AgentError> {
    const { failed, space } = it;
    if (failed.kind === "refused" && httpStatusOf(failed.error) === 404)
      return isDenied(await this.#distributionStatus(it, signal)) ? unauthorized(it) : notFound(it);
    if (failed.kind === "broken" && space?.hasRunOut(failed.totalBytes) === true)
      return noSpace(it, space);
    const look = await this.#look(it, await this.#facts(signal), signal);
    if (look.kind === "unreachable") return unreachable(it, look.why);
    if (failed.kind === "standstill") return standstill(it, failed.timeoutMs);
    return this.#explainAnswering(it, look, signal);
  }

  async #explainAnswering(
    it: PullCase,
    look: AnsweringRegistry,
    signal: AbortSignal,
  ): Promise<AgentError> {
    const status = await this.#distributionStatus(it, signal);
    if (status === 404) return notFound(it);
    const lacksPassword = look.wantsPassword && it.credentials === undefined;
    if (lacksPassword || isDenied(status)) return unauthorized(it);
    return failedOtherwise(it, status === 429 ? status : look.status);
  }

  /** From where the engine has another way to the registry, nothing can be seen of it. */
  async #look(
    { reference }: PullCase,
    { hasProxy }: EngineFacts,
    signal: AbortSignal,
  ): Promise<RegistryLook> {
    const { registry } = referenceOf(reference);
    const isSeen = this.#isLocal && (!hasProxy || isLoopback(registry));
    return isSeen ? lookAtRegistry(registry, signal) : unseen;
  }

  /** @throws {AgentError} RUNTIME_UNAVAILABLE: no wonder then that the pull failed. */
  async #facts(signal: AbortSignal): Promise<EngineFacts> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(factsTimeoutMs)]);
    try {
      return await this.#client.facts(limit);
    } catch (error) {
      signal.throwIfAborted();
      if (!limit.aborted) throw error;
      throw new AgentError(
        "RUNTIME_UNAVAILABLE",
        `the engine has not answered for ${factsTimeoutMs / 1000} seconds`,
        { retryable: true, cause: error },
      );
    }
  }

  /** What the engine answers when it is asked about the manifest alone; undefined: nothing in time. */
  async #distributionStatus(
    { reference, credentials }: PullCase,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(distributionTimeoutMs)]);
    const call = {
      path: `/distribution/${pulledNameOf(reference)}/json`,
      method: "GET",
      query: {},
      ...(credentials === undefined ? {} : { credentials }),
    } as const;
    try {
      const answer = await this.#client.stream("ask about an image", call, limit);
      answer.on("error", () => undefined);
      answer.resume();
      return 200;
    } catch (error) {
      signal.throwIfAborted();
      if (limit.aborted) return undefined;
      const status = httpStatusOf(error);
      if (status === undefined) throw error;
      return status;
    }
  }
}

function isDenied(status: number | undefined): boolean {
  return status === 401 || status === 403;
}

function unauthorized({ reference, credentials, failed: { kind } }: PullCase): AgentError {
  const { registry } = referenceOf(reference);
  const why =
    credentials === undefined
      ? `the registry ${registry} gives ${reference} to nobody without credentials, and the node has none for it`
      : `the registry ${registry} refuses the credentials that the node has for ${reference}`;
  const whatToDo =
    `log in again with \`docker login ${registry}\` into the file of PERSYS_DOCKER_CONFIG, or let registryAuth name a file in the folder of ` +
    "PERSYS_REGISTRY_AUTH_DIR; and check that the image exists: some registries answer the same where it does not";
  return pullError("REGISTRY_UNAUTHORIZED", `${why}: ${whatToDo}`, { reference, kind });
}

function notFound(it: PullCase): AgentError {
  const {
    reference,
    failed: { kind },
  } = it;
  const { registry } = referenceOf(reference);
  const message =
    `the registry ${registry} has no ${reference} for this node (${wordsOf(it)}): ` +
    "check its name and tag, or push it";
  return pullError("IMAGE_NOT_FOUND", message, { reference, kind });
}

function noSpace({ reference, failed: { kind } }: PullCase, space: FreeSpace): AgentError {
  const free = ((space.freeBytes ?? 0) / 1_000_000).toFixed(1);
  const message =
    `there is no room for ${reference} on the disk of ${space.folder ?? "the engine's data"}, which has ${free} MB free now: ` +
    "make some, for instance with `docker image prune`; `docker system df` shows what takes it";
  return pullError("STORAGE_ERROR", message, { reference, kind });
}

function unreachable({ reference, failed: { kind } }: PullCase, why: string): AgentError {
  const { registry } = referenceOf(reference);
  const message =
    `the registry ${registry} of ${reference} cannot be reached from this node (${why}): ` +
    "check its name, that it runs, and the network";
  return pullError("NETWORK_ERROR", message, { reference, kind });
}

function standstill({ reference, failed: { kind } }: PullCase, timeoutMs: number): AgentError {
  const { registry } = referenceOf(reference);
  const message = `the pull of ${reference} was called off: nothing came for ${timeoutMs / 1000} seconds, though the registry ${registry} answers`;
  return pullError("TIMEOUT", message, { reference, kind });
}

function failedOtherwise(it: PullCase, status: number | undefined): AgentError {
  const {
    reference,
    failed: { kind },
  } = it;
  const { registry } = referenceOf(reference);
  const said =
    status === undefined || status < 400 || status === 401
      ? ""
      : `; the registry answers ${status}`;
  const what = status === 429 ? " (the registry limits how often it is asked)" : "";
  const message = `could not pull ${reference} from ${registry}${what}: ${wordsOf(it)}${said}`;
  return pullError("IMAGE_PULL_FAILED", message, { reference, kind });
}

function pullError(
  code: ErrorCode,
  message: string,
  { reference, kind }: { readonly reference: string; readonly kind: string },
): AgentError {
  const { registry } = referenceOf(reference);
  return new AgentError(code, message, {
    retryable: true,
    details: { reference, registry, pull: kind },
  });
}

/** What the engine said, for a person, without what could be a secret: addresses of layers are signed in their query. */
function wordsOf({ failed: it, credentials }: PullCase): string {
  const said = it.kind === "refused" ? it.error.message : it.kind === "broken" ? it.words : "";
  const secrets = [credentials?.password, credentials?.identitytoken].filter(
    (secret) => secret !== undefined && secret !== "",
  );
  const clean = secrets.reduce<string>(
    (text, secret) => text.replaceAll(secret ?? "", "<redacted>"),
    said.trim().replaceAll(/\?[^\s"'`]+/g, "?<redacted>"),
  );
  return clean.length <= wordsCharsMax ? clean : `${clean.slice(0, wordsCharsMax - 1)}…`;
}
