import { createHash } from "node:crypto";
import type Docker from "dockerode";
import type { ContainerInfo, ContainerInspectInfo } from "dockerode";
import { statusOf, unlessMissing } from "./docker-answers.ts";

const pinsRepository = "persys.local/pinned";

/**
 * Somebody else with access to the engine, who does to one node's containers what the agent has to notice, and counts what the node has there.
 * Everything is found by labels.
 */
export class DockerOutsider {
  readonly docker: Docker;
  readonly nodeId: string;

  constructor(docker: Docker, nodeId: string) {
    this.docker = docker;
    this.nodeId = nodeId;
  }

  /** All containers of the node, or of one workload, the newest first. */
  async containers(workloadId?: string): Promise<readonly ContainerInfo[]> {
    const label = [`persys.node_id=${this.nodeId}`];
    if (workloadId !== undefined) label.push(`persys.workload_id=${workloadId}`);
    const found = await this.docker.listContainers({ all: true, filters: { label } });
    return found.toSorted((a, b) => sequenceOf(b) - sequenceOf(a));
  }

  /** The container made last for a workload. @throws where there is none. */
  async container(workloadId: string): Promise<Docker.Container> {
    const [newest] = await this.containers(workloadId);
    if (newest === undefined) throw new Error(`${workloadId} has no container`);
    return this.docker.getContainer(newest.Id);
  }

  /** All the engine knows of it. */
  async inspect(workloadId: string): Promise<ContainerInspectInfo> {
    return (await this.container(workloadId)).inspect();
  }

  async kill(workloadId: string, signal = "SIGKILL"): Promise<void> {
    await (await this.container(workloadId)).kill({ signal });
  }

  /** As `docker stop`, without a grace. */
  async stop(workloadId: string): Promise<void> {
    await (await this.container(workloadId)).stop({ t: 0 });
  }

  /** As `docker rm -f`. */
  async remove(workloadId: string): Promise<void> {
    await (await this.container(workloadId)).remove({ force: true });
  }

  async pause(workloadId: string): Promise<void> {
    await (await this.container(workloadId)).pause();
  }

  async rename(workloadId: string, name: string): Promise<void> {
    await (await this.container(workloadId)).rename({ name });
  }

  /** As `docker update`, with the members of the API. */
  async update(workloadId: string, change: Readonly<Record<string, unknown>>): Promise<void> {
    await (await this.container(workloadId)).update({ ...change });
  }

  async disconnect(workloadId: string, network: string): Promise<void> {
    const { id } = await this.container(workloadId);
    await this.docker.getNetwork(network).disconnect({ Container: id, Force: true });
  }

  async connect(workloadId: string, network: string): Promise<void> {
    const { id } = await this.container(workloadId);
    await this.docker.getNetwork(network).connect({ Container: id });
  }

  /** Runs a command in the container, and resolves with its exit code once it has ended. */
  async exec(workloadId: string, command: readonly string[]): Promise<number> {
    const container = await this.container(workloadId);
    const exec = await container.exec({ Cmd: [...command], AttachStdout: true });
    const output = await exec.start({});
    output.resume();
    await new Promise((resolve) => output.once("close", resolve));
    return (await exec.inspect()).ExitCode ?? -1;
  }

  /** The port of the host at which a port of the container is published. @throws where it is not. */
  async publishedPort(workloadId: string, containerPort = "8080/tcp"): Promise<number> {
    const { NetworkSettings } = await this.inspect(workloadId);
    const [binding] = NetworkSettings.Ports[containerPort] ?? [];
    if (binding === undefined) throw new Error(`${workloadId} publishes no port ${containerPort}`);
    return Number(binding.HostPort);
  }

  /** All the node has in the engine, by name: containers, volumes and networks, and the images held for the given workloads. */
  async census(workloadIds: Iterable<string> = []): Promise<readonly string[]> {
    const containers = await this.containers();
    return [
      ...containers.map((it) => `container ${it.Names.join(" ")} (${it.State})`),
      ...(await this.#volumes()).map((it) => `volume ${it}`),
      ...(await this.#networks()).map((it) => `network ${it}`),
      ...(await this.pins(workloadIds)).map((it) => `image ${it}`),
    ].toSorted();
  }

  /** The tags by which images of workloads are held. */
  async pins(workloadIds: Iterable<string>): Promise<readonly string[]> {
    const repositories = new Set([...workloadIds].map((it) => pinRepository(this.nodeId, it)));
    const images = await this.docker.listImages();
    return images
      .flatMap((it) => it.RepoTags ?? [])
      .filter((it) => repositories.has(it.slice(0, it.lastIndexOf(":"))));
  }

  /** Removes all that {@link census} counts. */
  async removeAll(workloadIds: Iterable<string> = []): Promise<void> {
    await Promise.all((await this.containers()).map((it) => this.#removeContainer(it.Id)));
    for (const name of await this.#volumes())
      await unlessMissing(this.docker.getVolume(name).remove({ force: true }));
    for (const id of await this.#networks())
      await unlessMissing(this.docker.getNetwork(id).remove());
    for (const tag of await this.pins(workloadIds))
      await unlessMissing(this.docker.getImage(tag).remove());
  }

  /** Another may be removing it at the same time, which the engine answers with 409: then it is waited for. */
  async #removeContainer(id: string): Promise<void> {
    const container = this.docker.getContainer(id);
    try {
      await unlessMissing(container.remove({ force: true, v: true }));
    } catch (error) {
      if (statusOf(error) !== 409) throw error;
      await unlessMissing(container.wait({ condition: "removed" }));
    }
  }

  async #volumes(): Promise<readonly string[]> {
    const filters = JSON.stringify({ label: [`persys.node_id=${this.nodeId}`] });
    const { Volumes } = await this.docker.listVolumes({ filters });
    return (Volumes ?? []).map((it) => it.Name); // The engine answers null for none.
  }

  async #networks(): Promise<readonly string[]> {
    const label = [`persys.node_id=${this.nodeId}`];
    return (await this.docker.listNetworks({ filters: { label } })).map((it) => it.Id);
  }
}

/** Where the tags are that hold the images of one workload's revisions. */
function pinRepository(nodeId: string, workloadId: string): string {
  const hash = createHash("sha256").update(`${nodeId}\0${workloadId}`).digest("hex");
  return `${pinsRepository}/${hash.slice(0, 32)}`;
}

function sequenceOf(container: ContainerInfo): number {
  return Number(container.Labels["persys.sequence"] ?? 0);
}
