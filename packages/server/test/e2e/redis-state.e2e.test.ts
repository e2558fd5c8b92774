import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { PrivateRedis } from "../../../../test/redis/private-redis.ts";
import { describeWithRedis } from "../../../../test/redis/redis-host.ts";
import { AgentProcess } from "../support/agent-process.ts";
import { NodeUnderTest } from "../support/node-under-test.ts";

const patience = { timeout: 20_000, interval: 20 };

function envOf(server: PrivateRedis): Record<string, string> {
  return { PERSYS_STATE_URL: server.url, PERSYS_NODE_ID: `redis-${randomUUID()}` };
}

describeWithRedis("an agent whose state is in Redis", () => {
  it("knows after kill -9 what it looked after, and has no state folder", async () => {
    const server = await PrivateRedis.start();
    const node = await NodeUnderTest.start(envOf(server));
    await node.apply("web", { script: "exec sleep 1000" });
    await node.reaches("web", "RUNNING");
    const pid = await node.pid("web");

    await node.restart("SIGKILL");

    await node.reaches("web", "RUNNING");
    expect(await node.pid("web")).toBe(pid);
    expect(existsSync(`${node.agent.devDir}/state`)).toBe(false);
  });

  it("heals workloads while Redis is away, acknowledges nothing unstored, and goes on when it is back", async () => {
    const server = await PrivateRedis.start();
    const node = await NodeUnderTest.start(envOf(server));
    await node.apply("web", { script: `echo up >>${node.file("starts")}; exec sleep 1000` });
    await node.reaches("web", "RUNNING");
    const pid = await node.pid("web");

    await server.kill();
    process.kill(pid, "SIGKILL");
    await expect.poll(() => node.lines("starts"), patience).toHaveLength(2);
    const refused: unknown = await node
      .apply("api", { script: "exec sleep 1000" })
      .catch((error: unknown) => error);
    await server.up();
    await expect
      .poll(
        () =>
          node.apply("api", { script: "exec sleep 1000" }).then(
            () => "applied",
            () => "refused",
          ),
        patience,
      )
      .toBe("applied");
    await node.reaches("api", "RUNNING");
    await node.restart("SIGKILL");
    await node.reaches("web", "RUNNING");

    // UNAVAILABLE, as gRPC numbers it.
    expect(refused).toMatchObject({ code: 14 });
    expect(node.lines("starts")).toHaveLength(2);
    expect((await node.client.listWorkloads({})).workloads).toHaveLength(2);
  });

  it("ends with code 5 where there is no server, naming it without the password", async () => {
    const agent = AgentProcess.start({
      env: { PERSYS_STATE_URL: "redis://me:secret-word@127.0.0.1:1/0" },
    });

    expect((await agent.exit).code).toBe(5);
    expect(agent.stderr.join("\n")).toContain("redis://127.0.0.1:1/0");
    expect(agent.stderr.join("\n")).not.toContain("secret-word");
  });
});
