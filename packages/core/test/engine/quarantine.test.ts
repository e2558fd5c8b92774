import type { Write } from "@persys/core";
import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

const serve = { program: "serve" };

/** A node with the workload `web`, whose stored record was damaged while no agent ran, and a sound one. */
async function damaged(): Promise<SimulatedNode> {
  const node = await SimulatedNode.start();
  await node.settled("web");
  await node.settled("db");
  await node.stop();
  const bytes = node.disk.records.get("web");
  node.disk.records.set(
    "web",
    Uint8Array.from(bytes ?? [], (one, at) => (at === 40 ? one ^ 1 : one)),
  );
  await node.boot();
  return node;
}

describe("a stored record that is corrupt", () => {
  it("keeps nobody from starting, and is listed as unknown with its reason", async () => {
    const node = await damaged();

    expect(node.status("db").actual).toBe("running");
    expect(node.api.explain("web").next.cause).toContain("waits to be deleted");
    expect(node.status("web")).toMatchObject({
      actual: "unknown",
      failure: { reason: "RECORD_CORRUPT", retryable: false },
    });
    expect(node.ids).toEqual(["db", "web"]);
    expect(node.api.health().workloads.unknown).toBe(1);
  });

  it("refuses applies, and what it names is touched by nobody and is no orphan", async () => {
    const node = await damaged();

    await expect(node.apply("web", serve)).rejects.toMatchObject({ code: "RECORD_CORRUPT" });
    await node.after(600_000);

    expect(node.world.liveCount("web")).toBe(1);
    expect(node.api.health().orphans).toEqual([]);
    expect(node.disk.records.has("web")).toBe(true);
  });

  it("can be deleted with everything it names, and applied anew", async () => {
    const node = await damaged();

    expect(await node.remove("web")).toMatchObject({ existed: true });
    await node.after(1_000);
    expect(node.ids).toEqual(["db"]);
    expect(node.world.ids).toEqual(["db"]);
    expect([...node.disk.records.keys()]).toEqual(["db"]);
    await node.settled("web");

    expect(node.status("web").actual).toBe("running");
  });

  it("is deleted once by two deletes at once", async () => {
    const node = await damaged();

    const answers = [
      node.api.remove("web", { identity: "a" }),
      node.api.remove("web", { identity: "b" }),
    ];
    await node.after(1_000);

    await expect(Promise.all(answers)).resolves.toHaveLength(2);
    expect(node.ids).toEqual(["db"]);
    expect(node.world.journal.of("web").filter((one) => one === "remove")).toHaveLength(1);
    await node.settled("web");
    expect(node.status("web").actual).toBe("running");
  });

  it("stays listed while its deletion cannot be stored", async () => {
    const node = await damaged();
    node.store.failNext({ times: 1 });

    await expect(node.remove("web")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });

    expect(node.status("web").failure).toMatchObject({ reason: "RECORD_CORRUPT" });
    expect(node.world.liveCount("web")).toBe(1);
  });

  it("stays corrupt, and is never half deleted, when the deletion cannot be stored", async () => {
    const node = await damaged();
    const isDeletion = (batch: readonly Write[]): boolean =>
      batch.some((write) => write.kind === "put-action");
    node.store.failNext({ fits: isDeletion });

    await expect(node.remove("web")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });

    expect(node.status("web").failure).toMatchObject({ reason: "RECORD_CORRUPT" });
  });

  it("is deleted when the deletion was stored and only the answer was lost", async () => {
    const node = await damaged();
    node.store.failNext({ stored: true });

    await expect(node.remove("web")).rejects.toMatchObject({ effect: "unknown" });
    await node.after(15_000);

    expect(node.ids).toEqual(["db"]);
    expect(node.world.ids).toEqual(["db"]);
  });

  it("survives restarts of the agent until somebody deletes it", async () => {
    const node = await damaged();

    await node.restart();

    expect(node.status("web").failure).toMatchObject({ reason: "RECORD_CORRUPT" });
  });
});
