import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";

/** The floor of every container: those that are made and started by dockerode alone, with the very options that the agent uses. */
export class BareContainers {
  readonly #docker: Docker;
  readonly #options: ContainerCreateOptions;
  readonly #nodeId: string;
  readonly #made = new Map<string, Docker.Container>();
  #closed = false;

  /** `options`: as the agent was seen to send them. `nodeId`: whose containers they are to be instead of the agent's. */
  constructor(docker: Docker, options: ContainerCreateOptions, nodeId: string) {
    this.#docker = docker;
    this.#options = options;
    this.#nodeId = nodeId;
  }

  /** Makes one and starts it. */
  async run(name: string): Promise<void> {
    if (this.#closed) throw new Error("no more containers are made");
    const container = await this.#docker.createContainer({
      ...this.#options,
      name,
      Labels: {
        ...this.#options.Labels,
        "persys.workload_id": name,
        "persys.node_id": this.#nodeId,
      },
    });
    this.#made.set(name, container);
    await container.start();
  }

  /** Runs all of them, `atOnce` at a time. */
  async runAll(names: readonly string[], atOnce: number): Promise<void> {
    await eachOf(names, atOnce, (name) => this.run(name));
  }

  /** Kills one that runs. */
  async kill(name: string): Promise<void> {
    await this.#made.get(name)?.kill({ signal: "SIGKILL" });
  }

  /** Starts one again. */
  async start(name: string): Promise<void> {
    await this.#made.get(name)?.start();
  }

  /** Removes all there are. */
  async removeAll(): Promise<void> {
    await eachOf([...this.#made.values()], 8, (it) => it.remove({ force: true, v: true }));
    this.#made.clear();
  }

  /** No more are made. */
  close(): void {
    this.#closed = true;
  }
}

/** Does something for each, `atOnce` at a time. */
export async function eachOf<T>(
  all: readonly T[],
  atOnce: number,
  work: (one: T) => Promise<unknown>,
): Promise<void> {
  const queue = all.values();
  const workers = Array.from({ length: atOnce }, async () => {
    for (const one of queue) await work(one);
  });
  await Promise.all(workers);
}
