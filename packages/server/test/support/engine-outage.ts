import { setTimeout as pause } from "node:timers/promises";
import { FailureReason, type WorkloadStatus } from "@persys/transports/gen";
import { onTestFinished } from "vitest";
import { PrivateDockerd } from "../../../../test/docker/private-dockerd.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import {
  ContainerNode,
  type ContainerNodeStart,
  type ContainerWorkload,
} from "./container-node.ts";
import { stateName } from "./node-under-test.ts";

const readEveryMs = 20;

/** An engine that the test may stop, kill and freeze; it goes with the test. */
export async function engineOfTest(): Promise<PrivateDockerd> {
  const engine = await PrivateDockerd.start();
  onTestFinished(() => engine.dispose());
  return engine;
}

/** A node on that engine, which is back before what the node has there is removed, however the test ends. */
export async function nodesOn(
  engine: PrivateDockerd,
  env: ContainerNodeStart["env"] = {},
): Promise<ContainerNode> {
  const nodes = await ContainerNode.start({ endpoint: engine.endpoint, env });
  onTestFinished(() => engine.up());
  return nodes;
}

/** Stays until it is stopped, which it is at once. `edition` makes another spec of it. */
export function server(edition = "1"): ContainerWorkload {
  const env = { EDITION: edition };
  return { image: testImages.busybox, command: ["/bin/linger"], env, stopGraceSeconds: 2 };
}

/** The state of every workload: `absent` is what is not in it. */
export async function statesOf(nodes: ContainerNode): Promise<ReadonlyMap<string, string>> {
  const { workloads } = await nodes.node.client.listWorkloads({});
  return new Map(workloads.map((it) => [it.id, stateName(it.actualState)]));
}

/** Reads the states of some workloads again and again, and keeps every one that was seen. */
export class SeenStates {
  readonly #nodes: ContainerNode;
  readonly #ids: readonly string[];
  readonly #seen: Set<string> = new Set();
  readonly #watching: Promise<void>;
  #isOver = false;

  private constructor(nodes: ContainerNode, ids: readonly string[]) {
    this.#nodes = nodes;
    this.#ids = ids;
    this.#watching = this.#watch();
    // What it fails with is thrown by end().
    this.#watching.catch(() => undefined);
    onTestFinished(() => {
      this.#isOver = true;
    });
  }

  static of(nodes: ContainerNode, ids: readonly string[]): SeenStates {
    return new SeenStates(nodes, ids);
  }

  /** Ends the reading; the states in the order of the alphabet, `FAILED` with its reason. @throws what a read failed with. */
  async end(): Promise<readonly string[]> {
    this.#isOver = true;
    await this.#watching;
    return [...this.#seen].toSorted();
  }

  async #watch(): Promise<void> {
    do {
      const { workloads } = await this.#nodes.node.client.listWorkloads({});
      for (const id of this.#ids) this.#seen.add(described(workloads.find((it) => it.id === id)));
      await pause(readEveryMs);
    } while (!this.#isOver);
  }
}

function described(status: WorkloadStatus | undefined): string {
  if (status === undefined) return "absent";
  const state = stateName(status.actualState);
  return state === "FAILED" ? `FAILED ${reasonOf(status)}` : state;
}

/** `NETWORK_ERROR` for FailureReason.NETWORK_ERROR; empty where nothing has failed. */
export function reasonOf({ failure }: WorkloadStatus): string {
  const entry = Object.entries(FailureReason).find(([, value]) => value === failure?.reason);
  return entry?.[0] ?? "";
}

/** How many things of each kind the node has in the engine. */
export async function kindsIn(nodes: ContainerNode): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const it of await nodes.census()) {
    const kind = it.split(" ")[0] ?? "";
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
