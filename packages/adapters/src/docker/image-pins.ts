import { createHash } from "node:crypto";
import { AgentError, type SpecDigest, type Target, type WorkloadId } from "@persys/core";
import type { DockerClient } from "./docker-client.ts";
import type { ImageReport } from "./docker-reports.ts";

/** The repository under which all pins are, of this node and others. No registry has this name, so nothing is ever pulled or pushed by it. */
export const pinsRepository = "persys.local/pinned";

/**
 * Holds on to the images of revisions, by tags of our own: a revision is always made of the image it was prepared with, even when the tag
 * in its spec has moved meanwhile or is gone, and no clean-up of unnamed images takes it away. The engine keeps the tags, so they outlive
 * the agent. No other tag is ever removed.
 */
export class ImagePins {
  readonly #client: DockerClient;
  readonly #nodeId: string;

  constructor(client: DockerClient, nodeId: string) {
    this.#client = client;
    this.#nodeId = nodeId;
  }

  /** The image that the target's revision is made of; undefined: none is pinned. */
  resolve(
    target: Pick<Target, "id" | "specDigest">,
    signal: AbortSignal,
  ): Promise<ImageReport | undefined> {
    const { repository, tag } = this.#pinOf(target);
    return this.#client.image(`${repository}:${tag}`, signal);
  }

  /** Makes an image that of the target's revision, in place of any pinned before. Repeatable. */
  async pin(
    target: Pick<Target, "id" | "specDigest">,
    imageId: string,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#client.tag(imageId, this.#pinOf(target), signal);
  }

  /**
   * Lets go of the images of all revisions of `id` whose digest is not among `keepDigests`; an image without another name goes as well. One
   * that a container still needs under our name alone stays pinned until the next call.
   */
  async retire(
    id: WorkloadId,
    keepDigests: readonly SpecDigest[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#release(id, keepDigests, signal);
  }

  /**
   * Lets go of all images of `id`. Its containers have to be gone.
   * @throws {AgentError} RUNTIME_ERROR, retryable, while a container of somebody else needs an image that has no name left but ours: taking
   * that name by force might take the image as well. All other pins are gone then.
   */
  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const [held] = await this.#release(id, [], signal);
    if (held === undefined) return;
    throw new AgentError(
      "RUNTIME_ERROR",
      `the image ${held} is still needed by a container that is not this workload's, and has no other name: ` +
        "give it one with `docker tag`, or remove that container (`docker ps -a` shows it)",
      { retryable: true, details: { image: held } },
    );
  }

  /** The pins that could not be removed. */
  async #release(
    id: WorkloadId,
    keepDigests: readonly SpecDigest[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const repository = this.#repositoryOf(id);
    const wanted = new Set(keepDigests.map((it) => `${repository}:${tagOf(it)}`));
    const held: string[] = [];
    for (const pin of await this.#client.tagsOf(repository, signal))
      if (!wanted.has(pin) && !(await this.#client.untag(pin, signal))) held.push(pin);
    return held;
  }

  #pinOf({ id, specDigest }: Pick<Target, "id" | "specDigest">): {
    readonly repository: string;
    readonly tag: string;
  } {
    return { repository: this.#repositoryOf(id), tag: tagOf(specDigest) };
  }

  /** Ids have characters that repositories must not have, and several nodes may share an engine. */
  #repositoryOf(id: WorkloadId): string {
    const hash = createHash("sha256").update(`${this.#nodeId}\0${id}`).digest("hex");
    return `${pinsRepository}/${hash.slice(0, 32)}`;
  }
}

/** `v1:…` as a legal tag. */
function tagOf(digest: SpecDigest): string {
  return digest.replaceAll(/[^\w.-]/g, "-");
}
