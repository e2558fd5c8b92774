import { setTimeout as pause } from "node:timers/promises";
import { SeededRandom } from "@persys/conformance";
import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import type { ContainerNode } from "../support/container-node.ts";
import {
  engineOfTest,
  kindsIn,
  nodesOn,
  reasonOf,
  SeenStates,
  server,
  statesOf,
} from "../support/engine-outage.ts";

/** An agent looks for its engine again after 30 s at the latest. */
const slowly = { timeout: 90_000, interval: 100 } as const;

const outageMs = 60_000;
const [steadyCount, changingCount] = [8, 12];

describeWithDocker("a Docker engine that is away for a minute", () => {
  it("while 20 containers are applied, updated, stopped and deleted is caught up with when it is back", async () => {
    const seed = Number(process.env["PERSYS_TEST_SEED"] ?? Date.now() % 1_000_000);
    const engine = await engineOfTest();
    const nodes = await nodesOn(engine);
    const story = new OutageStory(nodes, seed);
    await story.begin();

    await engine.stop();
    await story.meanwhile(outageMs);
    await engine.up();

    await story.checkCaughtUp();
  }, 400_000);

  it("because it is frozen says so once its deadlines have passed, and goes on where it was", async () => {
    const engine = await engineOfTest();
    const nodes = await nodesOn(engine, {
      PERSYS_STEP_TIMEOUT: "5s",
      PERSYS_PREPARE_TIMEOUT: "5s",
    });
    const [steady, updated] = [nodes.id("steady"), nodes.id("updated")];
    for (const id of [steady, updated]) await nodes.apply(id, server(), { revisionId: "r1" });
    for (const id of [steady, updated]) await nodes.node.reaches(id, "RUNNING");
    const place = await nodes.containerId(steady);

    await engine.freeze();
    try {
      await nodes.apply(updated, server("2"), { revisionId: "r2" });
      await expect
        .poll(async () => [...(await statesOf(nodes)).values()], { ...slowly, timeout: 150_000 })
        .toEqual(["UNKNOWN", "UNKNOWN"]);
      expect(reasonOf(await nodes.node.status(updated))).toBe("TIMEOUT");
      const { runtimeStatus } = await nodes.node.client.healthCheck({});
      expect(runtimeStatus["container"]).toMatch(/^unhealthy: /);
    } finally {
      engine.thaw();
    }

    for (const id of [steady, updated])
      await expect.poll(() => nodes.node.state(id), slowly).toBe("RUNNING");
    expect((await nodes.node.status(updated)).observedRevisionId).toBe("r2");
    expect(await nodes.containerId(steady)).toBe(place);
    await expect.poll(() => kindsIn(nodes), slowly).toEqual({ container: 2, image: 2 });
  }, 400_000);
});

/** What is asked of a node while its engine is away, and what has to come of it. The seed is in every failure. */
class OutageStory {
  readonly #nodes: ContainerNode;
  readonly #random: SeededRandom;
  readonly #says: string;
  /** By id: `RUNNING r3`, `STOPPED r1`, `absent`. */
  readonly #wanted: Map<string, string> = new Map();
  readonly #places: Map<string, string> = new Map();
  #revisions = 0;

  constructor(nodes: ContainerNode, seed: number) {
    this.#nodes = nodes;
    this.#random = new SeededRandom(seed);
    this.#says = `seed ${seed}`;
  }

  async begin(): Promise<void> {
    for (let at = 0; at < steadyCount; at += 1) await this.#apply(this.#steady(at));
    for (let at = 0; at < changingCount; at += 1) await this.#apply(this.#changing(at));
    await this.#reachAll();
    for (let at = 0; at < steadyCount; at += 1) {
      const id = this.#steady(at);
      this.#places.set(id, await this.#nodes.containerId(id));
    }
  }

  /** Asks for as long as given, and sees that nobody is lost of whom it is not known how they are. */
  async meanwhile(durationMs: number): Promise<void> {
    const untilMs = performance.now() + durationMs;
    const ids = [...this.#places.keys()];
    await expect
      .poll(async () => {
        const states = await statesOf(this.#nodes);
        return ids.filter((id) => states.get(id) !== "UNKNOWN");
      }, slowly)
      .toEqual([]);
    const seen = SeenStates.of(this.#nodes, ids);
    for (let asked = 0; performance.now() < untilMs; asked += 1) {
      await this.#ask();
      const { workloads } = await this.#nodes.node.client.listWorkloads({});
      const present = [...this.#wanted].filter(([, state]) => state !== "absent");
      const listed = new Set(workloads.map((it) => it.id));
      const lost = present.filter(([id]) => !listed.has(id));
      expect(lost, `${this.#says}: nothing is lost after ${asked} requests`).toEqual([]);
      await pause(100 + this.#random.integer(300));
    }
    expect(await seen.end(), this.#says).toEqual(["UNKNOWN"]);
  }

  async checkCaughtUp(): Promise<void> {
    await this.#reachAll();
    for (const [id, place] of this.#places)
      expect(await this.#nodes.containerId(id), `${this.#says}: ${id}`).toBe(place);
    const count = [...this.#wanted.values()].filter((it) => it !== "absent").length;
    await expect
      .poll(() => kindsIn(this.#nodes), { ...slowly, message: this.#says })
      .toEqual({ container: count, image: count });
    const containers = await this.#nodes.outsider.containers();
    const up = containers
      .filter((it) => it.State === "running")
      .map(({ Labels }) => `${Labels["persys.workload_id"]} ${Labels["persys.revision_id"]}`);
    const due = [...this.#wanted]
      .filter(([, state]) => state.startsWith("RUNNING "))
      .map(([id, state]) => `${id} ${state.slice("RUNNING ".length)}`);
    expect(up.toSorted(), this.#says).toEqual(due.toSorted());
  }

  async #ask(): Promise<void> {
    const id = this.#changing(this.#random.integer(changingCount));
    const state = this.#wanted.get(id) ?? "absent";
    if (state === "absent" || this.#random.chance(0.5)) return this.#apply(id);
    if (this.#random.chance(0.5)) {
      await this.#nodes.node.client.deleteWorkload({ id });
      this.#wanted.set(id, "absent");
      return;
    }
    const desired = this.#random.pick(["running", "stopped"]);
    await this.#nodes.want(id, desired);
    this.#wanted.set(id, state.replace(/^\w+/, desired.toUpperCase()));
  }

  async #apply(id: string): Promise<void> {
    this.#revisions += 1;
    const revisionId = `r${this.#revisions}`;
    await this.#nodes.apply(id, server(revisionId), { revisionId });
    this.#wanted.set(id, `RUNNING ${revisionId}`);
  }

  async #reachAll(): Promise<void> {
    const wanted = Object.fromEntries(this.#wanted);
    await expect.poll(() => this.#states(), { ...slowly, message: this.#says }).toEqual(wanted);
  }

  async #states(): Promise<Readonly<Record<string, string>>> {
    const states = await statesOf(this.#nodes);
    const { workloads } = await this.#nodes.node.client.listWorkloads({});
    const revisions = new Map(workloads.map((it) => [it.id, it.revisionId]));
    return Object.fromEntries(
      [...this.#wanted.keys()].map((id) => {
        const state = states.get(id);
        return [id, state === undefined ? "absent" : `${state} ${revisions.get(id)}`];
      }),
    );
  }

  #steady(at: number): string {
    return this.#nodes.id(`steady-${at}`);
  }

  #changing(at: number): string {
    return this.#nodes.id(`changing-${at}`);
  }
}
