import { randomUUID } from "node:crypto";
import type Docker from "dockerode";
import { finished } from "./docker-answers.ts";
import type { DockerHost } from "./docker-host.ts";

/** The images that `scripts/test-host up` makes, of busybox alone. What they do is said in scripts/test-host.d/images.sh. */
export const testImages = {
  /** A shell and the usual commands. `/bin/linger` runs until SIGTERM, on which it ends with 0. */
  busybox: "persys-test/busybox:1",
  /** Serves /www on port 8080; has a health check, which fails while /tmp/sick is there. */
  web: "persys-test/web:1",
  /** Has `VOLUME /data`, with a file `seed` of the image in it. */
  volume: "persys-test/volume:1",
  /** Its entrypoint prints its arguments (`one`, `two`), then lingers. */
  entrypoint: "persys-test/entrypoint:1",
  /** Exits with `$CODE`, or 3. */
  exit: "persys-test/exit:1",
  /** Lingers as user 1000 in /srv/app. */
  user: "persys-test/user:1",
  /** Has no command at all. */
  blank: "persys-test/blank:1",
} as const;

/** In both registries; the second and the last are not in the engine until somebody pulls them. */
export const registryImages = {
  busybox: "persys-test/busybox:1",
  busybox2: "persys-test/busybox:2",
  web: "persys-test/web:1",
  /** A layer of 8 MiB that does not compress. */
  large: "persys-test/large:1",
} as const;

/** Where an image is published to. */
export interface Publication {
  /** An image of the engine. */
  readonly image: string;
  /** Into the registry that wants credentials. Default false. */
  readonly guarded?: boolean;
  /** The name and tag to publish it as. Default: a name nobody else has, with tag `1`. */
  readonly as?: string;
}

/** Puts an image into a registry and takes the registry's name for it from the engine. Resolves with the reference to pull. */
export async function publish(
  docker: Docker,
  host: DockerHost,
  { image, guarded = false, as = `test-${randomUUID()}:1` }: Publication,
): Promise<string> {
  const registry = guarded ? host.guardedRegistry : host.registry;
  const reference = `${registry}/${as}`;
  const [repo, tag] = splitTag(reference);
  await docker.getImage(image).tag({ repo, tag });
  // The engine pushes nowhere without credentials, of which the open registry takes any.
  const authconfig = { ...host.credentials, serveraddress: registry };
  await finished(await docker.getImage(reference).push({ authconfig }));
  await docker.getImage(reference).remove();
  return reference;
}

/** An image that nobody else has, made of `from` by changes as a Dockerfile would have them. Resolves with its id. */
export async function deriveImage(
  docker: Docker,
  from: string,
  changes: { readonly tag?: string; readonly dockerfile: readonly string[] },
): Promise<string> {
  const container = await docker.createContainer({
    Image: from,
    Cmd: ["true"],
    Labels: { "persys-test.derived": randomUUID() },
  });
  const [repo, tag] = changes.tag === undefined ? [] : splitTag(changes.tag);
  const { Id }: { Id: string } = await container.commit({
    ...(repo === undefined ? {} : { repo, tag }),
    changes: changes.dockerfile.join("\n"),
  });
  await container.remove();
  return Id;
}

function splitTag(reference: string): readonly [repository: string, tag: string] {
  const colon = reference.lastIndexOf(":");
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}
