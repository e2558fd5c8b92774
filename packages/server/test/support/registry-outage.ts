import { randomUUID } from "node:crypto";
import type Docker from "dockerode";
import { dockerHost } from "../../../../test/docker/docker-host.ts";
import { publish, testImages } from "../../../../test/docker/test-images.ts";

/** An image to be pulled. */
export interface FreshImage {
  /** Whether only the registry with credentials has it. Default false. */
  readonly guarded?: boolean;
  /** `name:tag`. Default: one that nobody else has. */
  readonly as?: string;
}

/**
 * Busybox with a layer of 2 MB on top that no engine has: in a registry, and not in this engine. Resolves with the reference to pull. `as` a
 * name that exists makes another image of it.
 */
export async function publishFresh(docker: Docker, image: FreshImage = {}): Promise<string> {
  const filling = await docker.createContainer({
    Image: testImages.busybox,
    Cmd: ["sh", "-c", "head -c 2000000 /dev/urandom > /filling"],
  });
  await filling.start();
  await filling.wait();
  const name = `persys-test/${randomUUID()}`;
  await filling.commit({ repo: name, tag: "1", changes: 'CMD ["/bin/linger"]' });
  await filling.remove();
  try {
    return await publish(docker, dockerHost(), { image: `${name}:1`, ...image });
  } finally {
    await docker.getImage(`${name}:1`).remove();
  }
}

/** A Docker `config.json` with the credentials of the guarded registry. */
export function configWithCredentials(): string {
  const { guardedRegistry, credentials } = dockerHost();
  const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
  return JSON.stringify({ auths: { [guardedRegistry]: { auth } } });
}
