import { randomUUID } from "node:crypto";
import { DockerRuntime, type DockerRuntimeOptions } from "@persys/adapters/docker";
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
import { dockerAt, dockerHost } from "../../../../test/docker/docker-host.ts";
import { DockerOutsider } from "../../../../test/docker/docker-outsider.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { eventually, forever, idOf, targetOf, textOf } from "../support/runtime-calls.ts";

type Members = { readonly [key: string]: Json };

/** A runtime with a node id of its own, and the means to see and to disturb what it does to the engine. */
export class DockerHarness {
  readonly nodeId: string = `test-${randomUUID()}`;
  /** Of the engine: `unix:///path`. */
  readonly endpoint: string;
  readonly docker: Docker;
  readonly outsider: DockerOutsider;
  runtime: DockerRuntime;
  readonly #options: Partial<DockerRuntimeOptions>;
  readonly #ids = new Set<WorkloadId>();
  readonly #suffix: string = randomUUID().slice(0, 8);

  /** `options.endpoint` names another engine than that of all tests. */
  constructor(options: Partial<DockerRuntimeOptions> = {}) {
    this.#options = options;
    this.endpoint = options.endpoint ?? dockerHost().endpoint;
    this.docker = dockerAt(this.endpoint);
    this.outsider = new DockerOutsider(this.docker, this.nodeId);
    this.runtime = this.another();
  }

  /** A runtime as another agent over the same engine would have it. */
  another(options: Partial<DockerRuntimeOptions> = {}): DockerRuntime {
    return new DockerRuntime({
      endpoint: this.endpoint,
      nodeId: this.nodeId,
      ...this.#options,
      ...options,
    });
  }

  /** An id that no other test has: names of containers are shared by all who use an engine. The same name gives the same id. */
  id(name: string): WorkloadId {
    return this.known(`${name}-${this.#suffix}`);
  }

  /** `text` as an id that {@link close} and {@link census} know of. */
  known(text: string): WorkloadId {
    const id = idOf(text);
    this.#ids.add(id);
    return id;
  }

  /** A revision of {@link id} to make. */
  target(name: string, spec: Json, over: Partial<Target> = {}): Target {
    return targetOf(this.id(name), spec, over);
  }

  /** Runs until SIGTERM, on which it ends with 0 at once. */
  longRunning(more: Members = {}): Json {
    return { image: testImages.busybox, command: ["/bin/linger"], ...more };
  }

  /** Runs a shell script. Without a trap of its own it does not end on SIGTERM: it is the first process of its container. */
  script(text: string, more: Members = {}): Json {
    return { image: testImages.busybox, command: ["sh", "-c", text], ...more };
  }

  /** A web server on a port of the host that the engine picks. */
  web(more: Members = {}): Json {
    return {
      image: testImages.web,
      ports: [{ containerPort: 8080, hostIp: "127.0.0.1" }],
      ...more,
    };
  }

  /** Prepares and starts a target. */
  async run(target: Target): Promise<void> {
    await this.prepare(target);
    await this.runtime.start(target, forever);
  }

  /** Resolves with what was said of the progress. */
  async prepare(target: Target): Promise<readonly string[]> {
    const said: string[] = [];
    await this.runtime.prepare(target, forever, (sentence) => said.push(sentence));
    return said;
  }

  async observe(id: WorkloadId): Promise<Observation> {
    return this.runtime.observe(id, forever);
  }

  /** The current instance. @throws when there is none. */
  async current(id: WorkloadId): Promise<Instance> {
    const instance = currentInstance(await this.observe(id));
    if (instance === undefined) throw new Error(`no current instance of ${id}`);
    return instance;
  }

  /** The current instance, once it is as wanted. */
  async reaches(
    id: WorkloadId,
    isSo: (instance: Instance) => boolean,
    withinMs = 10_000,
  ): Promise<Instance> {
    await eventually(async () => isSo(await this.current(id)), withinMs);
    return this.current(id);
  }

  /** The current instance, once its run has ended. */
  async ended(id: WorkloadId): Promise<Instance> {
    return this.reaches(id, (it) => it.state === "exited");
  }

  /** All that is in the logs now. */
  async output(id: WorkloadId, options: LogOptions = { follow: false }): Promise<string> {
    let text = "";
    for await (const chunk of this.runtime.logs(id, options, forever)) text += textOf(chunk);
    return text;
  }

  /** What there is of ours in the engine: containers, volumes, networks, held images. */
  async census(): Promise<readonly string[]> {
    return this.outsider.census(this.#ids);
  }

  /** Removes every workload, and whatever else a test has left. The engine has to answer. */
  async close(): Promise<void> {
    await this.outsider.removeAll(this.#ids);
  }
}
