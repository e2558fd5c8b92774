import { AgentError, type Progress } from "@persys/core";
import type { DockerClient } from "../docker/docker-client.ts";
import type { ImagePuller } from "../docker/image-pull.ts";
import { pulledNameOf } from "../docker/image-reference.ts";
import type { RegistryCredentialFiles } from "../docker/registry-credentials.ts";
import { type ResolvedProject, textOf } from "./resolved-project.ts";

/** What makes the images of projects ready. */
export interface ProjectImagesContext {
  readonly client: DockerClient;
  readonly puller: ImagePuller;
  readonly credentials: RegistryCredentialFiles;
}

/** Pulls what a project's services are made from, so that bringing it up pulls nothing. */
export class ProjectImages {
  readonly #context: ProjectImagesContext;

  constructor(context: ProjectImagesContext) {
    this.#context = context;
  }

  /**
   * Makes all images ready, one after the other. Repeatable.
   * @throws {AgentError} IMAGE_NOT_FOUND where a service forbids to pull what is not there; what a pull throws.
   */
  async prepare(
    { services }: ResolvedProject,
    signal: AbortSignal,
    progress: Progress,
  ): Promise<void> {
    const wanted = new Map<string, string>();
    for (const { image, members, name } of services) {
      const policy = textOf(members["pull_policy"]);
      const isLocal = policy !== "always" && (await this.#has(image, signal));
      if (isLocal || wanted.has(image)) continue;
      if (policy === "never") throw missingImage(image, `pull_policy never of service ${name}`);
      wanted.set(image, name);
    }
    for (const [reference, name] of wanted) {
      const { credentials: files, puller } = this.#context;
      const credentials = await files.find(reference, undefined, signal);
      await puller.pull({ reference, credentials }, signal, (sentence) => {
        progress(`service ${name}: ${sentence}`);
      });
    }
  }

  /** The first of some images that the engine does not have. */
  async missing(images: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    for (const image of new Set(images)) if (!(await this.#has(image, signal))) return image;
    return undefined;
  }

  async #has(image: string, signal: AbortSignal): Promise<boolean> {
    const { client } = this.#context;
    return (await client.image(pulledNameOf(image), signal)) !== undefined;
  }
}

function missingImage(reference: string, why: string): AgentError {
  return new AgentError(
    "IMAGE_NOT_FOUND",
    `the node does not have the image ${reference}, and ${why} forbids to pull it: load it there with \`docker load\`, or allow the pull`,
    { fault: "user", retryable: true, effect: "none", details: { reference } },
  );
}
