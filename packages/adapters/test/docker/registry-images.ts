import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { finished } from "../../../../test/docker/docker-answers.ts";
import { type DockerHost, dockerHost } from "../../../../test/docker/docker-host.ts";
import { publish } from "../../../../test/docker/test-images.ts";

const run = promisify(execFile);

/** What an image of a test is to be. */
export interface RandomImage {
  /** Of its one layer, which no compression makes smaller. */
  readonly sizeBytes?: number;
  /** Whether only the registry with credentials has it. Default false. */
  readonly guarded?: boolean;
  /** `name:tag`. Default: one that nobody else has. */
  readonly as?: string;
}

/** An image with a layer that no other has, in a registry and not in the engine. Resolves with the reference to pull. */
export async function publishRandomImage(
  docker: Docker,
  { sizeBytes = 1_000, ...publication }: RandomImage = {},
): Promise<string> {
  const host: DockerHost = dockerHost();
  const folder = await mkdtemp("/tmp/persys-test-image-");
  const name = `persys-test/${randomUUID()}`;
  try {
    await writeFile(join(folder, "content"), randomBytes(sizeBytes));
    await run("tar", ["-C", folder, "-cf", join(folder, "image.tar"), "content"]);
    const tar = createReadStream(join(folder, "image.tar"));
    await finished(await docker.importImage(tar, { repo: name, tag: "1" }));
    return await publish(docker, host, { image: `${name}:1`, ...publication });
  } finally {
    await docker.getImage(`${name}:1`).remove();
    await rm(folder, { recursive: true });
  }
}
