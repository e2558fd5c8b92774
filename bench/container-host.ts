import { randomBytes } from "node:crypto";
import { join } from "node:path";
import Docker, { type ContainerCreateOptions } from "dockerode";
import { DockerOutsider } from "../test/docker/docker-outsider.ts";
import { BareContainers } from "./bare-containers.ts";
import { ContainerNode, type ContainerNodeParts } from "./container-node.ts";

/** The engine that a bench measures with, and all that the bench makes there: nobody else's containers are touched. */
export class ContainerHost {
  /** `unix:///path`. */
  readonly endpoint: string;
  readonly docker: Docker;
  readonly #folder: string;
  readonly #nodeId: string;
  /** Of what is made without the agent: as long as the other, so that both carry the same load of labels. */
  readonly #bareNodeId: string;
  readonly #ids: string[] = [];
  readonly #nodes: ContainerNode[] = [];
  #bare: BareContainers | undefined;
  #cleared: Promise<void> | undefined;

  /** With the engine whose address `scripts/test-host run` has given. `folder`: for the state of nodes. @throws where there is none. */
  constructor(folder: string) {
    const endpoint = process.env["PERSYS_TEST_DOCKER_HOST"];
    if (endpoint === undefined || endpoint === "")
      throw new Error("there is no Docker engine to measure with: see `scripts/test-host help`");
    const run = randomBytes(4).toString("hex");
    this.endpoint = endpoint;
    this.docker = new Docker({ socketPath: endpoint.slice("unix://".length) });
    this.#folder = folder;
    this.#nodeId = `bench-node-${run}`;
    this.#bareNodeId = `bench-bare-${run}`;
  }

  /** An id that nothing else has, not even the containers of another bench. */
  readonly nextId = (): string => {
    const id = `${this.#nodeId}-${this.#ids.length}`;
    this.#ids.push(id);
    return id;
  };

  /** A node, not yet started, with its state in the folder `name`. At most one at a time is started. */
  node(
    name: string,
    parts: Pick<ContainerNodeParts, "policy" | "telemetry"> & { readonly endpoint?: string } = {},
  ): ContainerNode {
    const folder = join(this.#folder, name);
    const node = new ContainerNode({
      endpoint: this.endpoint,
      ...parts,
      folder,
      nodeId: this.#nodeId,
    });
    this.#nodes.push(node);
    return node;
  }

  /** Containers without an agent. */
  bare(options: ContainerCreateOptions): BareContainers {
    this.#bare = new BareContainers(this.docker, options, this.#bareNodeId);
    return this.#bare;
  }

  /** Stops what is at work and removes all that was made. Repeatable. */
  clear(): Promise<void> {
    this.#cleared ??= this.#clear();
    return this.#cleared;
  }

  async #clear(): Promise<void> {
    this.#bare?.close();
    for (const node of this.#nodes) await node.stop();
    await new DockerOutsider(this.docker, this.#nodeId).removeAll(this.#ids);
    await new DockerOutsider(this.docker, this.#bareNodeId).removeAll();
  }
}
