import { randomUUID } from "node:crypto";
import { AgentError } from "@persys/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { takeNodeLock } from "../../src/node-identity/node-lock.ts";

function holder(nodeId: string): { pid: number; nodeId: string; state: string } {
  return { pid: process.pid, nodeId, state: "/srv/state" };
}

describe("takeNodeLock", () => {
  it("keeps a second agent of the same node id out and names the first", async () => {
    const nodeId = randomUUID();
    const lock = await takeNodeLock(holder(nodeId));
    onTestFinished(() => lock.release());

    const error: unknown = await takeNodeLock(holder(nodeId)).catch((caught: unknown) => caught);

    expect(AgentError.hasCode(error, "OWNED_BY_OTHER")).toBe(true);
    expect(error).toMatchObject({
      effect: "none",
      message: `node id "${nodeId}" is in use on this host by the agent with process id ${process.pid} and its state in /srv/state; stop it first, or give this agent a node id of its own (PERSYS_NODE_ID)`,
    });
  });

  it("lets agents of other node ids be", async () => {
    const first = await takeNodeLock(holder(randomUUID()));
    const second = await takeNodeLock(holder(randomUUID()));

    await first.release();
    await second.release();
  });

  it("can be taken again once it was given back, which may be repeated", async () => {
    const nodeId = "n".repeat(255);
    const first = await takeNodeLock(holder(nodeId));
    await first.release();
    await first.release();

    const second = await takeNodeLock(holder(nodeId));

    await second.release();
  });

  it("is won by exactly one of many", async () => {
    const nodeId = randomUUID();

    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => takeNodeLock(holder(nodeId))),
    );

    const won = results.filter((result) => result.status === "fulfilled");
    await Promise.all(won.map((result) => result.value.release()));
    expect(won).toHaveLength(1);
  });
});
