import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import type Docker from "dockerode";
import { expect, onTestFinished } from "vitest";
import { RegistryProxy } from "../../../../test/docker/registry-proxy.ts";
import { dockerHost } from "../../../../test/docker/docker-host.ts";
import { publish, testImages } from "../../../../test/docker/test-images.ts";
import type { ContainerNode } from "./container-node.ts";
import { reasonOf } from "./engine-outage.ts";

/** An image that cannot be had. */
export interface Trouble {
  readonly image: string;
  /** What it is called in the status. */
  readonly reason: string;
  /** The registry recovers. */
  readonly mend: () => Promise<unknown>;
  /** Brings the trouble about, where a pull has to be under way for it. */
  readonly onPull?: () => Promise<unknown>;
}

/** A registry that is there, and does something else than its work. */
export async function faulty(
  docker: Docker,
  fault: NonNullable<RegistryProxy["fault"]>,
  reason: string,
): Promise<Trouble> {
  const { proxy, image } = await proxied(docker);
  proxy.fault = fault;
  const mend = (): Promise<void> => {
    proxy.fault = undefined;
    return Promise.resolve();
  };
  return { image, reason, mend };
}

/** A registry that does not run. */
export async function refusing(docker: Docker): Promise<Trouble> {
  const { proxy, image } = await proxied(docker);
  await proxy.close();
  return { image, reason: "NETWORK_ERROR", mend: () => proxy.open() };
}

/** A registry that ends in the midst of a layer. */
export async function vanishing(docker: Docker): Promise<Trouble> {
  const { proxy, image } = await proxied(docker);
  proxy.fault = { kind: "stalls layers", afterBytes: 100_000 };
  const mend = (): Promise<void> => {
    proxy.fault = undefined;
    return proxy.open();
  };
  const onPull = async (): Promise<void> => {
    // The first is the configuration of the image.
    await expect.poll(() => proxy.count("blobs"), { timeout: 30_000 }).toBeGreaterThan(1);
    await proxy.close();
  };
  return { image, reason: "NETWORK_ERROR", mend, onPull };
}

/** A registry that does not have the image yet. */
export function lacking(docker: Docker): Trouble {
  const as = `persys-test/${randomUUID()}:1`;
  const image = `${dockerHost().registry}/${as}`;
  return { image, reason: "IMAGE_NOT_FOUND", mend: () => publishFresh(docker, { as }) };
}

/** A registry that wants credentials, which are not yet in the Docker `config.json`. */
export async function guarded(docker: Docker, configFile: string): Promise<Trouble> {
  const image = await publishFresh(docker, { guarded: true });
  const mend = (): Promise<void> =>
    Promise.resolve(writeFileSync(configFile, configWithCredentials()));
  return { image, reason: "REGISTRY_UNAUTHORIZED", mend };
}

/** Polls for as long as an engine may take to give up on a registry, twice. */
const slowly = { timeout: 90_000, interval: 50 } as const;

/** Waits until every workload has failed twice, for its reason, and says when it is tried again. */
export async function failTwice(
  nodes: ContainerNode,
  troubles: ReadonlyMap<string, Trouble>,
): Promise<void> {
  for (const [id, { reason, image }] of troubles) {
    await expect
      .poll(
        async () => {
          const status = await nodes.node.status(id);
          const { attempts = 0, nextRetryAt = 0n } = status.failure ?? {};
          return [reasonOf(status), attempts >= 2, nextRetryAt > 0n];
        },
        { ...slowly, message: id },
      )
      .toEqual([reason, true, true]);
    const { failure } = await nodes.node.status(id);
    expect(failure?.retryable).toBe(true);
    expect(failure?.message).toContain(image.slice(0, image.indexOf("/")));
  }
}

/** Waits until the workloads run. */
export async function run(nodes: ContainerNode, ids: Iterable<string>): Promise<void> {
  for (const id of ids)
    await expect.poll(() => nodes.node.state(id), { ...slowly, message: id }).toBe("RUNNING");
}

async function proxied(docker: Docker): Promise<{ proxy: RegistryProxy; image: string }> {
  const proxy = await RegistryProxy.before(dockerHost().registry);
  onTestFinished(() => proxy.close());
  return { proxy, image: proxy.here(await publishFresh(docker)) };
}

interface Publishing {
  /** Whether only the registry with credentials has it. Default false. */
  readonly guarded?: boolean;
  /** `name:tag`. Default: one that nobody else has. */
  readonly as?: string;
}

/** Publishes busybox with a layer of 2 MB on top that no engine has. Resolves with the reference to pull. */
async function publishFresh(docker: Docker, publishing: Publishing = {}): Promise<string> {
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
    return await publish(docker, dockerHost(), { image: `${name}:1`, ...publishing });
  } finally {
    await docker.getImage(`${name}:1`).remove();
  }
}

function configWithCredentials(): string {
  const { guardedRegistry, credentials } = dockerHost();
  const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
  return JSON.stringify({ auths: { [guardedRegistry]: { auth } } });
}
