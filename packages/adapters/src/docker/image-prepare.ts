import {
  AgentError,
  type ContainerSpec,
  parseImageReference,
  type Progress,
  type Target,
} from "@persys/core";
import type { DockerClient } from "./docker-client.ts";
import type { ImageReport } from "./docker-reports.ts";
import { type ImagePins, pinsRepository } from "./image-pins.ts";
import type { ImagePuller } from "./image-pull.ts";
import { pulledNameOf } from "./image-reference.ts";
import type { RegistryCredentialFiles } from "./registry-credentials.ts";

/** What makes images ready. */
export interface ImageParts {
  readonly client: DockerClient;
  readonly puller: ImagePuller;
  readonly pins: ImagePins;
  readonly credentials: RegistryCredentialFiles;
}

/** A revision that wants an image. */
export interface ImageWish {
  readonly target: Pick<Target, "id" | "specDigest">;
  readonly spec: Pick<ContainerSpec, "image" | "pullPolicy" | "registryAuth">;
}

/** What the engine has of an image. */
export interface KnownImages {
  /** The one that is pinned for the revision. */
  readonly pinned: ImageReport | undefined;
  /** The one of the name in the spec. */
  readonly local: ImageReport | undefined;
}

/** For whom an image is made ready, and what there is of it. */
export interface WantedImage extends ImageWish {
  readonly known: KnownImages;
  readonly progress: Progress;
}

/** Looks for the image in the engine. Changes nothing. */
export async function knownImages(
  { client, pins }: ImageParts,
  { target, spec }: ImageWish,
  signal: AbortSignal,
): Promise<KnownImages> {
  const [pinned, local] = await Promise.all([
    pins.resolve(target, signal),
    // Without a tag it would also be found by the beginning of an image's id.
    client.image(pulledNameOf(spec.image), signal),
  ]);
  return { pinned, local };
}

/**
 * Makes the image of a revision ready and pins it; resolves with it. A revision that has its image pinned keeps that one, whatever the pull
 * policy: only what comes first decides which image `always` and a moving tag mean. Repeatable.
 * @throws {AgentError} IMAGE_NOT_FOUND under the policy `never`; what {@link ImagePuller.pull} and {@link RegistryCredentialFiles.find} throw.
 */
export async function prepareImage(
  parts: ImageParts,
  wanted: WantedImage,
  signal: AbortSignal,
): Promise<ImageReport> {
  const { target, spec, known } = wanted;
  if (known.pinned !== undefined) return known.pinned;
  const local = spec.pullPolicy === "always" ? undefined : localImage(wanted);
  const image = local ?? (await pulledImage(parts, wanted, signal));
  await parts.pins.pin(target, image.Id, signal);
  return image;
}

/**
 * What an image is to be called so that it can never become another: `repository@sha256:…`, or its id when it came from no registry.
 */
export function imageDigest(image: ImageReport, reference: string): string {
  const wanted = repositoryOf(reference);
  // Some engines count our own pins as repositories it came from.
  const digests = image.RepoDigests.filter((it) => !it.startsWith(`${pinsRepository}/`));
  return digests.find((it) => repositoryOf(it) === wanted) ?? digests[0] ?? image.Id;
}

function localImage({ spec, known }: WantedImage): ImageReport | undefined {
  if (known.local !== undefined || spec.pullPolicy !== "never") return known.local;
  throw new AgentError(
    "IMAGE_NOT_FOUND",
    `the node does not have the image ${spec.image}, and pullPolicy never forbids to pull it: ` +
      "load it there with `docker pull` or `docker load`, or allow pullPolicy missing",
    { fault: "user", retryable: true, effect: "none", details: { reference: spec.image } },
  );
}

async function pulledImage(
  { client, puller, credentials: files }: ImageParts,
  { spec, progress }: WantedImage,
  signal: AbortSignal,
): Promise<ImageReport> {
  const reference = spec.image;
  const credentials = await files.find(reference, spec.registryAuth, signal);
  await puller.pull({ reference, credentials }, signal, progress);
  const image = await client.image(pulledNameOf(reference), signal);
  if (image !== undefined) return image;
  throw new AgentError(
    "IMAGE_PULL_FAILED",
    `the image ${reference} was pulled, and then removed by somebody else before it was used`,
    { retryable: true, details: { reference } },
  );
}

/** Registry and repository; undefined for what is no reference, such as an id. */
function repositoryOf(text: string): string | undefined {
  const parsed = parseImageReference(text);
  return parsed.ok ? `${parsed.value.registry}/${parsed.value.repository}` : undefined;
}
