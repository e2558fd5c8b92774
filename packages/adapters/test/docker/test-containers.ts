import { randomUUID } from "node:crypto";
import type { WorkloadId } from "@persys/core";
import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import { dockerAt, dockerHost } from "../../../../test/docker/docker-host.ts";
import { DockerOutsider } from "../../../../test/docker/docker-outsider.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { labelsOf } from "../../src/docker/container-labels.ts";
import { DockerClient } from "../../src/docker/docker-client.ts";
import { type LogSource, logSourceOf } from "../../src/docker/log-passes.ts";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";

/** As `eventually`, with the patience that an engine takes whose machine may be busy. */
export function soon(isSo: () => boolean | Promise<boolean>): Promise<void> {
  return eventually(isSo, 20_000);
}

/** Containers of a node of its own, made without a runtime. */
export class TestContainers {
  readonly nodeId: string = `test-${randomUUID()}`;
  readonly docker: Docker = dockerAt(dockerHost().endpoint);
  readonly client: DockerClient = TestContainers.clientAt(dockerHost().endpoint);
  readonly #suffix: string = randomUUID().slice(0, 8);
  /** The container made last for each workload. */
  readonly #current = new Map<WorkloadId, string>();
  readonly #strangers: string[] = [];
  #sequence = 0;

  static clientAt(endpoint: string): DockerClient {
    return new DockerClient({ url: endpoint });
  }

  /** An id that no other test has. */
  id(name: string): WorkloadId {
    return idOf(`${name}-${this.#suffix}`);
  }

  /** Whether an id is one of {@link id}. */
  has(id: WorkloadId | undefined): boolean {
    return id?.endsWith(`-${this.#suffix}`) === true;
  }

  /** Makes a container for a workload, which runs a shell script once it is started. */
  async make(
    name: string,
    script: string,
    options: ContainerCreateOptions = {},
  ): Promise<Docker.Container> {
    const id = this.id(name);
    this.#sequence += 1;
    const making = { sequence: this.#sequence, instance: randomUUID(), configuration: "{}" };
    const container = await this.docker.createContainer({
      name: `${id}.${this.#sequence}`,
      Image: testImages.busybox,
      Cmd: ["sh", "-c", script],
      Labels: { ...labelsOf(targetOf(id, {}), this.nodeId, making) },
      StopTimeout: 0,
      ...options,
    });
    this.#current.set(id, container.id);
    return container;
  }

  /** As {@link make}, and starts it. */
  async run(
    name: string,
    script: string,
    options: ContainerCreateOptions = {},
  ): Promise<Docker.Container> {
    const container = await this.make(name, script, options);
    await container.start();
    return container;
  }

  /** As {@link run}, and resolves once it has ended. */
  async ran(name: string, script: string): Promise<Docker.Container> {
    const container = await this.run(name, script);
    await container.wait();
    return container;
  }

  /** Runs a shell script in a container that runs. Resolves with its exit code. */
  async exec(containerId: string, script: string): Promise<number> {
    const container = this.docker.getContainer(containerId);
    const exec = await container.exec({ Cmd: ["sh", "-c", script], AttachStdout: true });
    const output = await exec.start({});
    output.resume();
    await new Promise((resolve) => output.once("close", resolve));
    return (await exec.inspect()).ExitCode ?? -1;
  }

  /** A container that is nobody's workload, with labels as given. */
  async stranger(
    labels: Readonly<Record<string, string>>,
    name: string,
  ): Promise<Docker.Container> {
    const container = await this.docker.createContainer({
      name,
      Image: testImages.busybox,
      Cmd: ["/bin/linger"],
      Labels: { ...labels },
    });
    this.#strangers.push(container.id);
    return container;
  }

  /** The container made last for a workload, as it is now. */
  async source(name: string): Promise<LogSource | undefined> {
    const id = this.#current.get(this.id(name));
    const report = id === undefined ? undefined : await this.client.container(id, forever);
    return report === undefined ? undefined : logSourceOf(report);
  }

  /** Removes all of them. */
  async close(): Promise<void> {
    for (const id of this.#strangers)
      await this.docker.getContainer(id).remove({ force: true, v: true });
    await new DockerOutsider(this.docker, this.nodeId).removeAll();
  }
}
