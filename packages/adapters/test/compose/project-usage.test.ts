import type { UsageSnapshot } from "@persys/core";
import { describe, expect, it } from "vitest";
import type { ProjectContainer } from "../../src/compose/owned-projects.ts";
import { ProjectUsage } from "../../src/compose/project-usage.ts";
import { forever, idOf } from "../support/runtime-calls.ts";

const shop = idOf("shop");

/** A container of a service of {@link shop}, as a list shows it. */
function container(service: string, containerId: string, state = "running"): ProjectContainer {
  return {
    entry: {
      Id: containerId,
      Names: [`/shop-${service}-1`],
      ImageID: "image",
      Created: 0,
      Labels: {},
      State: state,
      Status: "",
      Mounts: [],
      Ports: [],
      NetworkSettings: { Networks: {} },
    },
    marks: { id: shop, uid: "uid", project: "shop", service, hash: "hash" },
  };
}

function used(times: number): UsageSnapshot {
  return {
    cpuPercent: times,
    memoryBytes: 10 * times,
    diskReadBytes: 100 * times,
    diskWriteBytes: 1_000 * times,
    netRxBytes: 10_000 * times,
    netTxBytes: 100_000 * times,
    collectedAtMs: times,
    source: "docker",
  };
}

/** What is measured of the shop, where these containers can be. */
async function measured(
  known: ReadonlyMap<string, number>,
  containers: readonly ProjectContainer[],
): Promise<UsageSnapshot | undefined> {
  const usage = new ProjectUsage({
    forget: () => undefined,
    measure: async (running) =>
      new Map(
        [...running.keys()].flatMap((id) =>
          known.has(id) ? [[id, used(known.get(id) ?? 0)]] : [],
        ),
      ),
  });
  return (await usage.measure([shop], new Map([[shop, containers]]), forever)).get(shop);
}

describe("ProjectUsage", () => {
  it("tells the sum of all containers, and that of each service", async () => {
    const containers = [
      container("web", "w1"),
      container("web", "w2", "paused"),
      container("db", "d1"),
      container("job", "j1", "exited"),
    ];

    const usage = await measured(new Map(Object.entries({ w1: 1, w2: 2, d1: 4 })), containers);

    expect(usage).toMatchObject({ ...used(7), collectedAtMs: 4 });
    expect(usage?.parts).toMatchObject([
      { name: "db", cpuPercent: 4, netTxBytes: 400_000 },
      { name: "web", cpuPercent: 3, memoryBytes: 30, diskWriteBytes: 3_000 },
    ]);
    expect(usage?.parts).toHaveLength(2);
  });

  it("has no sum of a project that does not run, nor of one of which a part could not be measured", async () => {
    expect(await measured(new Map([["a", 1]]), [container("web", "a", "exited")])).toBeUndefined();
    expect(
      await measured(new Map([["a", 1]]), [container("web", "a"), container("db", "b")]),
    ).toBeUndefined();
  });
});
