import type { EnginePolicy, Json } from "@persys/core";
import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../../test/docker/docker-host.ts";
import type { DockerHarness } from "../docker-harness.ts";
import { EngineOverDocker } from "./engine-over-docker.ts";

/** How a run ends by itself. */
interface Ending {
  readonly how: string;
  /** Notes each run in a file of the container before it ends. */
  readonly script: string;
  readonly exit: string;
}

const count = "echo run >> /runs";
const endings: readonly Ending[] = [
  { how: "with exit code 0", script: `${count}; exit 0`, exit: "code 0" },
  { how: "with exit code 1", script: `${count}; exit 1`, exit: "code 1" },
  {
    how: "for want of memory",
    script: `${count}; x=a; while :; do x=$x$x; done`,
    exit: "code 137 (out of memory)",
  },
];
const [success, failure, outOfMemory] = endings as [Ending, Ending, Ending];

/** However slow the machine is, what ends at once has not stayed up. */
const settlesLate: Partial<EnginePolicy> = { settleAfterMs: 30_000 };

const memoryBytes = 8 * 1024 * 1024;

function specOf(host: DockerHarness, { script }: Ending, restartPolicy: Json): Json {
  const resources = { memoryBytes, memorySwapBytes: memoryBytes };
  return host.script(script, { restartPolicy, resources });
}

describeWithDocker("a container that ends by itself", () => {
  for (const [policy, ways] of [
    ["always", endings],
    ["unless-stopped", [success]],
  ] as const) {
    for (const ending of ways) {
      it.concurrent(`${ending.how} is run again and again under the policy ${policy}, ever later`, async (test) => {
        const node = await EngineOverDocker.start(test, settlesLate);
        await node.apply("job", specOf(node.host, ending, { policy }));

        await node.reaches("job", (seen) => seen.restarts >= 3);

        expect(node.state("job")).toBe("failed");
        // Of a run that ends in the moment it begins, a busy engine does not always say that it was for want of memory.
        const waiting = await node.reaches(
          "job",
          (seen) =>
            seen.failure?.nextRetryAtMs !== undefined && seen.metadata["exit"] === ending.exit,
        );
        expect(waiting.failure).toMatchObject({ retryable: true });
        expect(await node.host.outsider.containers(node.id("job"))).toHaveLength(1);
        expect(await runs(node, "job")).toBeGreaterThanOrEqual(3);
      });
    }
  }

  for (const policy of ["on-failure", "no"]) {
    it.concurrent(`with exit code 0 has completed under the policy ${policy}`, async (test) => {
      const node = await EngineOverDocker.start(test, settlesLate);
      await node.apply("job", specOf(node.host, success, { policy }));

      const status = await node.rests("job", "stopped");

      expect(status).toMatchObject({ desired: "running", restarts: 0 });
      expect(status.message).toContain("completed");
      expect(await runs(node, "job")).toBe(1);
    });
  }

  for (const ending of [failure, outOfMemory]) {
    const reason = ending === outOfMemory ? "OOM_KILLED" : "EXITED";

    it.concurrent(`${ending.how} is run as often again as the policy on-failure allows`, async (test) => {
      const node = await EngineOverDocker.start(test, settlesLate);
      const policy = { policy: "on-failure", maxRetryCount: 2 };
      await node.apply("job", specOf(node.host, ending, policy));

      const status = await node.rests("job", "failed");

      expect(status.failure).toMatchObject({ reason: "RESTARTS_EXHAUSTED", retryable: false });
      expect(status.metadata["exit"]).toBe(ending.exit);
      expect(await runs(node, "job")).toBe(3);
    });

    it.concurrent(`${ending.how} is left as it is under the policy no`, async (test) => {
      const node = await EngineOverDocker.start(test, settlesLate);
      await node.apply("job", specOf(node.host, ending, { policy: "no" }));

      const status = await node.rests("job", "failed");

      expect(status.failure).toMatchObject({ reason, retryable: false });
      expect(status.metadata["exit"]).toBe(ending.exit);
      expect(await runs(node, "job")).toBe(1);
    });
  }

  it.concurrent("is forgiven its crashes once it has stayed up", async (test) => {
    const node = await EngineOverDocker.start(test);
    const script = `${count}; test $(wc -l < /runs) -ge 3 && exec /bin/linger; exit 1`;
    await node.apply("web", node.host.script(script));

    await node.rests("web", "running");
    const id = node.id("web");
    expect(node.status("web").failure).toBe(undefined);
    const { State } = await node.host.outsider.inspect(id);
    await node.host.outsider.kill(id);
    await node.becomes(
      async () => (await node.host.outsider.inspect(id)).State.StartedAt !== State.StartedAt,
      { name: "web" },
    );
    await node.rests("web", "running");
  });
});

describeWithDocker("a job", () => {
  it.concurrent("that has completed is not run again because somebody removes its container", async (test) => {
    const node = await EngineOverDocker.start(test);
    await node.apply("job", specOf(node.host, success, { policy: "no" }));
    await node.rests("job", "stopped");

    await node.host.outsider.remove(node.id("job"));
    await node.reaches("job", (seen) => seen.observedRevisionId === "");

    expect(await node.rests("job", "stopped")).toMatchObject({ desired: "running" });
    expect(await node.host.outsider.containers(node.id("job"))).toEqual([]);
  });

  it.concurrent("that was killed is not run again", async (test) => {
    const node = await EngineOverDocker.start(test);
    const spec = node.host.script(`${count}; exec /bin/linger`, {
      restartPolicy: { policy: "no" },
    });
    await node.run("job", spec);

    await node.host.outsider.kill(node.id("job"));
    const status = await node.rests("job", "failed");

    expect(status.failure).toMatchObject({ reason: "EXITED", retryable: false });
    expect(await runs(node, "job")).toBe(1);
  });

  it.concurrent("whose container is removed while it runs is not run again", async (test) => {
    const node = await EngineOverDocker.start(test);
    await node.run("job", node.host.longRunning({ restartPolicy: { policy: "no" } }));

    await node.host.outsider.remove(node.id("job"));
    const status = await node.rests("job", "failed");

    expect(status.failure).toMatchObject({ reason: "DISAPPEARED", retryable: false });
    expect(await node.host.outsider.containers(node.id("job"))).toEqual([]);
  });

  it.concurrent("is run once more by a new revision", async (test) => {
    const node = await EngineOverDocker.start(test);
    const spec = specOf(node.host, success, { policy: "no" });
    await node.apply("job", spec);
    await node.rests("job", "stopped");
    const first = node.containerId("job");

    await node.apply("job", spec, { revisionId: "r2" });
    await node.reaches("job", (seen) => seen.observedRevisionId === "r2");
    await node.rests("job", "stopped");

    expect(node.containerId("job")).not.toBe(first);
    expect(await runs(node, "job")).toBe(1);
    expect(await node.host.outsider.containers(node.id("job"))).toHaveLength(1);
  });
});

/** How many runs the current container has had, as they were noted in it. */
async function runs(node: EngineOverDocker, name: string): Promise<number> {
  const container = await node.host.outsider.container(node.id(name));
  let archive = "";
  for await (const piece of await container.getArchive({ path: "/runs" })) archive += String(piece);
  return archive.split("run\n").length - 1;
}
