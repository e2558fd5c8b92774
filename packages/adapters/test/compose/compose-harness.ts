import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ComposeRuntime, type ComposeRuntimeOptions } from "@persys/adapters/compose";
import {
  currentInstance,
  type Instance,
  type Json,
  type LogOptions,
  type Observation,
  type Target,
  type WorkloadId,
} from "@persys/core";
import type Docker from "dockerode";
import { stringify } from "yaml";
import { dockerAt, dockerHost } from "../../../../test/docker/docker-host.ts";
import { DockerOutsider } from "../../../../test/docker/docker-outsider.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { eventually, forever, idOf, targetOf, textOf } from "../support/runtime-calls.ts";

type Members = Readonly<Record<string, unknown>>;

/** A compose runtime with a node id and a folder of its own, and the means to see and to disturb what it does. */
export class ComposeHarness {
  readonly nodeId: string = `test-${randomUUID()}`;
  readonly folder: string = mkdtempSync(join(tmpdir(), "persys-compose-"));
  readonly docker: Docker = dockerAt(dockerHost().endpoint);
  readonly outsider: DockerOutsider = new DockerOutsider(this.docker, this.nodeId);
  readonly runtime: ComposeRuntime;
  readonly #binary: readonly string[];
  readonly #suffix: string = randomUUID().slice(0, 8);

  /** With the compose command of these words. */
  constructor(binary: readonly string[]) {
    this.#binary = binary;
    this.runtime = this.another();
  }

  /** A runtime as another agent over the same engine and folder would have it. */
  another(options: Partial<ComposeRuntimeOptions> = {}): ComposeRuntime {
    return new ComposeRuntime({
      binary: this.#binary,
      endpoint: dockerHost().endpoint,
      folder: this.folder,
      nodeId: this.nodeId,
      ...options,
    });
  }

  /** An id that no other test has. The same name gives the same id. */
  id(name: string): WorkloadId {
    return idOf(`${name}-${this.#suffix}`);
  }

  /** A revision of {@link id} to make, of a compose file with these services. */
  target(name: string, file: Members, more: Partial<Target> & { spec?: never } = {}): Target {
    return targetOf(this.id(name), this.spec(file), more);
  }

  /** A spec with a compose file as data. */
  spec(file: Members, more: { readonly [key: string]: Json } = {}): Json {
    return { composeYaml: stringify(file), ...more };
  }

  /** A file with one service, which runs a shell script. */
  script(text: string, more: Members = {}): Members {
    return {
      services: {
        main: {
          image: testImages.busybox,
          // Compose reads a dollar as the beginning of a variable.
          command: ["sh", "-c", text.replaceAll("$", "$$$$")],
          stop_grace_period: "1s",
          ...more,
        },
      },
    };
  }

  async prepare(
    target: Target,
    runtime: ComposeRuntime = this.runtime,
  ): Promise<readonly string[]> {
    const said: string[] = [];
    await runtime.prepare(target, forever, (sentence) => said.push(sentence));
    return said;
  }

  /** Prepares and starts a target. */
  async run(target: Target): Promise<void> {
    await this.prepare(target);
    await this.runtime.start(target, forever);
  }

  async observe(id: WorkloadId): Promise<Observation> {
    return this.runtime.observe(id, forever);
  }

  /** The current instance. @throws when there is none. */
  async current(id: WorkloadId): Promise<Instance> {
    const observation = await this.observe(id);
    const instance = currentInstance(observation);
    if (instance === undefined)
      throw new Error(`no current instance of ${id}: ${JSON.stringify(observation)}`);
    return instance;
  }

  /** The current instance, once it is as wanted. */
  async reaches(id: WorkloadId, isSo: (instance: Instance) => boolean): Promise<Instance> {
    await eventually(async () => isSo(await this.current(id)), 20_000);
    return this.current(id);
  }

  /** The ids of the containers of each service of a workload. */
  async containersOf(id: WorkloadId): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = await this.outsider.containers(id);
    const byService = Map.groupBy(found, (it) => it.Labels["com.docker.compose.service"] ?? "");
    return new Map([...byService].map(([name, all]) => [name, all.map((it) => it.Id)]));
  }

  /** The only container of a service. @throws where it has another number of them. */
  async containerOf(id: WorkloadId, service: string): Promise<Docker.Container> {
    const [containerId, ...more] = (await this.containersOf(id)).get(service) ?? [];
    if (containerId === undefined || more.length > 0)
      throw new Error(`service ${service} of ${id} has not one container`);
    return this.docker.getContainer(containerId);
  }

  /** All that is in the logs now. */
  async output(id: WorkloadId, options: LogOptions = { follow: false }): Promise<string> {
    let text = "";
    for await (const chunk of this.runtime.logs(id, options, forever)) text += textOf(chunk);
    return text;
  }

  /** What there is of ours: in the engine, and in the folder. */
  async census(): Promise<readonly string[]> {
    const folders = readdirSync(this.folder, { recursive: true, encoding: "utf8" });
    return [...(await this.outsider.census()), ...folders.map((it) => `file ${it}`)].toSorted();
  }

  /** Removes all that a test has left. The engine has to answer. */
  async close(): Promise<void> {
    await this.outsider.removeAll();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
