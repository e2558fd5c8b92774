import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../../test/docker/test-images.ts";
import { type CrashStory, liveThroughAll } from "./crash-story.ts";
import type { EngineOverDocker } from "./engine-over-docker.ts";

const first = { image: testImages.volume };
const second = { image: testImages.volume, env: { N: "2" } };

async function runsFirst(node: EngineOverDocker): Promise<void> {
  await node.run("web", first);
  const write = ["sh", "-c", "echo written > /data/text"];
  expect(await node.host.outsider.exec(node.id("web"), write)).toBe(0);
}

/** One container in the given state, with the volume that the first one had, one held image, and nothing else. */
async function leavesOne(node: EngineOverDocker, state: string, pins = 1): Promise<void> {
  const [container, ...others] = await node.host.outsider.containers(node.id("web"));
  expect([container?.State, others.length]).toEqual([state, 0]);
  expect(container?.Names).toEqual([`/${node.id("web")}`]);
  expect(await node.host.outsider.pins([node.id("web")])).toHaveLength(pins);
  const volumes = (await node.host.census()).filter((line) => line.startsWith("volume"));
  expect(volumes).toHaveLength(1);
  if (state !== "running") return;
  const read = ["grep", "-qx", "written", "/data/text"];
  expect(await node.host.outsider.exec(node.id("web"), read)).toBe(0);
}

function isAtRest(node: EngineOverDocker, state: string): boolean {
  if (node.state("web") !== state) return false;
  return node.engine.api.explain(node.id("web")).next.step === "settled";
}

const stories: readonly (CrashStory & { readonly what: string })[] = [
  {
    what: "an update",
    before: runsFirst,
    ask: (node) => node.apply("web", second, { revisionId: "r2" }),
    isDone: (node) => isAtRest(node, "running") && node.status("web").observedRevisionId === "r2",
    after: (node) => leavesOne(node, "running"),
  },
  {
    what: "an update that is given up",
    before: runsFirst,
    ask: (node) =>
      node.apply("web", { ...first, command: ["/no/such/program"] }, { revisionId: "r2" }),
    isDone: (node) => isAtRest(node, "failed") && node.status("web").observedRevisionId === "r1",
    after: (node) => leavesOne(node, "running", 2),
  },
  {
    what: "a stop",
    before: runsFirst,
    ask: (node) => node.want("web", "stopped"),
    isDone: (node) => isAtRest(node, "stopped"),
    after: (node) => leavesOne(node, "exited"),
  },
  {
    what: "a start",
    before: async (node) => {
      await runsFirst(node);
      await node.want("web", "stopped");
      await node.rests("web", "stopped");
    },
    ask: (node) => node.want("web", "running"),
    isDone: (node) => isAtRest(node, "running"),
    after: (node) => leavesOne(node, "running"),
  },
  {
    what: "a delete",
    before: runsFirst,
    ask: (node) => node.delete("web"),
    isDone: (node) => node.state("web") === "absent",
    after: async (node) => expect(await node.host.census()).toEqual([]),
  },
  {
    what: "the healing of what somebody has removed",
    before: runsFirst,
    ask: (node) => node.host.outsider.remove(node.id("web")),
    isDone: (node) => isAtRest(node, "running") && node.status("web").restarts > 0,
    after: (node) => leavesOne(node, "running"),
  },
];

describeWithDocker("wherever the agent dies on the way", () => {
  for (const { what, ...story } of stories) {
    it(`${what} is finished by the next one`, async (test) => {
      expect(await liveThroughAll(test, story)).toBeGreaterThan(2);
    });
  }
});
