import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../../test/docker/test-images.ts";
import { EngineOverDocker } from "./engine-over-docker.ts";

const spec = { image: testImages.volume };
const updated = { image: testImages.volume, env: { N: "2" } };

describeWithDocker("what is written to an anonymous volume", () => {
  it.concurrent("survives an update, and going back", async (test) => {
    const node = await EngineOverDocker.start(test);
    await node.run("db", spec);
    await write(node, "first");

    await node.run("db", updated, { revisionId: "r2" });
    expect(await holds(node, "first")).toBe(true);
    await write(node, "second");

    await node.run("db", spec, { revisionId: "r1" });
    expect(await holds(node, "second")).toBe(true);
    expect(await volumes(node)).toHaveLength(1);
  });

  it.concurrent("survives an update that does not settle", async (test) => {
    const node = await EngineOverDocker.start(test);
    const old = await node.run("db", spec);
    await write(node, "kept");

    const broken = { image: testImages.volume, command: ["/no/such/program"] };
    await node.apply("db", broken, { revisionId: "r2" });
    await node.rests("db", "failed");

    expect(node.containerId("db")).toBe(old);
    expect(await holds(node, "kept")).toBe(true);
    expect(await volumes(node)).toHaveLength(1);
  });

  it.concurrent("survives that somebody removes the container", async (test) => {
    const node = await EngineOverDocker.start(test);
    const old = await node.run("db", spec);
    await write(node, "kept");

    await node.host.outsider.remove(node.id("db"));
    await node.reaches("db", (seen) => ![old, undefined].includes(seen.metadata["container.id"]));
    await node.rests("db", "running");

    expect(await holds(node, "kept")).toBe(true);
    expect(await volumes(node)).toHaveLength(1);
  });

  it.concurrent("survives that somebody removes the container of an update before it has settled", async (test) => {
    const node = await EngineOverDocker.start(test, { settleAfterMs: 2_000 });
    await node.run("db", spec);
    await write(node, "first");
    await node.apply("db", updated, { revisionId: "r2" });
    await node.reaches("db", (seen) => seen.observedRevisionId === "r2");
    const fresh = node.containerId("db");
    await write(node, "second");

    await node.host.docker.getContainer(fresh).remove({ force: true });
    await node.reaches("db", (seen) => ![fresh, undefined].includes(seen.metadata["container.id"]));
    await node.rests("db", "running");

    expect(node.status("db").observedRevisionId).toBe("r2");
    expect(await holds(node, "second")).toBe(true);
    expect(await volumes(node)).toHaveLength(1);
  });

  it.concurrent("survives that the container is removed while the engine is down", async (test) => {
    const node = await EngineOverDocker.start(test);
    await node.run("db", spec);
    await write(node, "kept");
    await node.stopEngine();

    await node.host.outsider.remove(node.id("db"));
    await node.startEngine();
    await node.becomes(async () => (await node.host.outsider.containers()).length > 0);
    await node.rests("db", "running");

    expect(await holds(node, "kept")).toBe(true);
  });

  it.concurrent("does not come back with another creation of the id", async (test) => {
    const node = await EngineOverDocker.start(test);
    await node.run("db", spec);
    await write(node, "gone");

    await node.delete("db");
    await node.apply("db", spec);
    await node.rests("db", "running");

    expect(await holds(node, "gone")).toBe(false);
    expect(await volumes(node)).toHaveLength(1);
  });
});

async function write(node: EngineOverDocker, text: string): Promise<void> {
  const command = ["sh", "-c", `printf %s ${text} > /data/text`];
  expect(await node.host.outsider.exec(node.id("db"), command)).toBe(0);
}

async function holds(node: EngineOverDocker, text: string): Promise<boolean> {
  const command = ["grep", "-qx", text, "/data/text"];
  return (await node.host.outsider.exec(node.id("db"), command)) === 0;
}

async function volumes(node: EngineOverDocker): Promise<readonly string[]> {
  return (await node.host.census()).filter((line) => line.startsWith("volume "));
}
