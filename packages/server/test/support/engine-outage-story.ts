import { setTimeout as pause } from "node:timers/promises";
import { SeededRandom } from "@persys/conformance";
import { expect } from "vitest";
import type { ContainerNode } from "./container-node.ts";
import { kindsIn, SeenStates, server, statesOf } from "./engine-outage.ts";

/** An agent looks for its engine again after 30 s at the latest. */
const slowly = { timeout: 90_000, interval: 100 } as const;

const [steadyCount, changingCount] = [8, 12];

/** What is asked of a node while its engine is away, and what has to come of it. The seed is in every failure. */
export class OutageStory {
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

  /** Applies all 20, and resolves once they run. */
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

  /** Waits until all is as it was asked for last, and sees that nobody was made again for it who was not asked to change. */
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
    const desired = this.#random.pick<"running" | "stopped">(["running", "stopped"]);
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
