import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { RegistryProxy } from "../../../adapters/test/docker/registry-proxy.ts";
import { describeWithDocker, dockerHost } from "../../../../test/docker/docker-host.ts";
import type { PrivateDockerd } from "../../../../test/docker/private-dockerd.ts";
import type { ContainerNode } from "../support/container-node.ts";
import { engineOfTest, nodesOn, reasonOf, server } from "../support/engine-outage.ts";
import { configWithCredentials, publishFresh } from "../support/registry-outage.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** Polls for as long as an engine may take to give up on a registry, twice. */
const slowly = { timeout: 90_000, interval: 50 } as const;

/** An image that cannot be had, and what mends that. */
interface Trouble {
  readonly image: string;
  readonly reason: string;
  readonly mend: () => Promise<unknown>;
}

async function proxied(): Promise<RegistryProxy> {
  const proxy = await RegistryProxy.before(dockerHost().registry);
  onTestFinished(() => proxy.close());
  return proxy;
}

async function faulty(
  { docker }: PrivateDockerd,
  fault: NonNullable<RegistryProxy["fault"]>,
  reason: string,
): Promise<Trouble> {
  const proxy = await proxied();
  const image = proxy.here(await publishFresh(docker));
  proxy.fault = fault;
  const mend = (): Promise<void> => {
    proxy.fault = undefined;
    return Promise.resolve();
  };
  return { image, reason, mend };
}

async function refusing({ docker }: PrivateDockerd): Promise<Trouble> {
  const proxy = await proxied();
  const image = proxy.here(await publishFresh(docker));
  await proxy.close();
  return { image, reason: "NETWORK_ERROR", mend: () => proxy.open() };
}

function missing({ docker }: PrivateDockerd): Trouble {
  const as = `persys-test/${randomUUID()}:1`;
  const image = `${dockerHost().registry}/${as}`;
  return { image, reason: "IMAGE_NOT_FOUND", mend: () => publishFresh(docker, { as }) };
}

/** Waits until every workload has failed twice for its reason, and says when it is tried again. */
async function failTwice(
  nodes: ContainerNode,
  troubles: ReadonlyMap<string, Trouble>,
): Promise<void> {
  for (const [id, { reason, image }] of troubles) {
    await expect
      .poll(async () => {
        const status = await nodes.node.status(id);
        const { attempts = 0, nextRetryAt = 0n } = status.failure ?? {};
        return [reasonOf(status), attempts >= 2, nextRetryAt > 0n];
      }, slowly)
      .toEqual([reason, true, true]);
    const { failure } = await nodes.node.status(id);
    expect(failure?.retryable).toBe(true);
    expect(failure?.message).toContain(image.slice(0, image.indexOf("/")));
  }
}

async function run(nodes: ContainerNode, ids: Iterable<string>): Promise<void> {
  for (const id of ids) await expect.poll(() => nodes.node.state(id), slowly).toBe("RUNNING");
}

describeWithDocker("a registry in trouble", () => {
  it("is told by a reason of its own, keeps up nobody else, and is tried again until it has recovered", async () => {
    const engine = await engineOfTest();
    const nodes = await nodesOn(engine, {
      PERSYS_BACKOFF_MAX: "1s",
      PERSYS_PULL_IDLE_TIMEOUT: "2s",
    });
    const troubles = new Map<string, Trouble>([
      [nodes.id("refused"), await refusing(engine)],
      [nodes.id("hung"), await faulty(engine, { kind: "silent" }, "NETWORK_ERROR")],
      [
        nodes.id("stalled"),
        await faulty(engine, { kind: "stalls layers", afterBytes: 100_000 }, "TIMEOUT"),
      ],
      [nodes.id("corrupt"), await faulty(engine, { kind: "corrupts layers" }, "IMAGE_PULL_FAILED")],
      [
        nodes.id("broken"),
        await faulty(engine, { kind: "answers", status: 503 }, "IMAGE_PULL_FAILED"),
      ],
      [nodes.id("missing"), missing(engine)],
    ]);
    const settled = nodes.id("settled");
    await nodes.apply(settled, server(), { revisionId: "r1" });
    await run(nodes, [settled]);
    const place = await nodes.containerId(settled);

    for (const [id, { image }] of troubles) await nodes.apply(id, { image });
    const [refused] = troubles.values();
    await nodes.apply(settled, { image: refused?.image ?? "" }, { revisionId: "r2" });
    await failTwice(nodes, troubles);
    expect(await nodes.node.status(settled)).toMatchObject({ observedRevisionId: "r1" });
    expect(await nodes.containerId(settled)).toBe(place);
    expect((await nodes.outsider.inspect(settled)).State.Running).toBe(true);
    const other = nodes.id("other");
    await nodes.apply(other, server());
    await run(nodes, [other]);

    for (const { mend } of troubles.values()) await mend();
    await run(nodes, [...troubles.keys(), settled]);
    expect((await nodes.node.status(settled)).observedRevisionId).toBe("r2");
  }, 240_000);

  it("that wants credentials is tried again until they are in the file", async () => {
    const engine = await engineOfTest();
    const config = `${tempFolder()}/config.json`;
    writeFileSync(config, "{}");
    const nodes = await nodesOn(engine, {
      PERSYS_BACKOFF_MAX: "1s",
      PERSYS_DOCKER_CONFIG: config,
    });
    const image = await publishFresh(engine.docker, { guarded: true });
    const id = nodes.id("guarded");
    const mend = (): Promise<void> =>
      Promise.resolve(writeFileSync(config, configWithCredentials()));

    await nodes.apply(id, { image });
    await failTwice(nodes, new Map([[id, { image, reason: "REGISTRY_UNAUTHORIZED", mend }]]));
    await mend();

    await run(nodes, [id]);
  });
});
