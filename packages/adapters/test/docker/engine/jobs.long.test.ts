import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { expect, it, type TestContext } from "vitest";
import { describeWithDocker } from "../../../../../test/docker/docker-host.ts";
import { liveThroughAll } from "./crash-story.ts";
import type { EngineOverDocker } from "./engine-over-docker.ts";

describeWithDocker("a job that is allowed one start", () => {
  it("is run once, wherever the agent dies on the way", async (test) => {
    const runs = new Map<EngineOverDocker, string>();
    const points = await liveThroughAll(test, {
      ask: async (node) => {
        const folder = runs.get(node) ?? countingFolder(test);
        runs.set(node, folder);
        const spec = node.host.script("mktemp /runs/XXXXXX; exit 0", {
          volumes: [{ hostPath: folder, containerPath: "/runs" }],
          restartPolicy: { policy: "no" },
        });
        await node.apply("web", spec);
      },
      isDone: (node) => ["stopped", "failed"].includes(node.state("web")),
      after: async (node) => {
        expect(node.status("web").message).toContain("completed");
        expect(readdirSync(runs.get(node) ?? "")).toHaveLength(1);
      },
    });

    expect(points).toBeGreaterThanOrEqual(12);
  });
});

/** A folder of the host in which each run leaves a file. */
function countingFolder(test: TestContext): string {
  const path = `/tmp/persys-test/job-${randomUUID()}`;
  mkdirSync(path, { recursive: true });
  test.onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
