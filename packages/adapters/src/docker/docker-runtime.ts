import {
  AgentError,
  type Demands,
  failureOf,
  type Glance,
  type Instance,
  type Json,
  type LogChunk,
  type LogOptions,
  type Observation,
  type Parsed,
  parseContainerSpec,
  type ParsedSpec,
  type Progress,
  type RuntimeCapabilities,
  type RuntimeEvent,
  type RuntimeHealth,
  type SpecDigest,
  type Target,
  type UsageSnapshot,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";
import { resolvedEnvironment, secretDemandsOf } from "../shared/secret-references.ts";
import { redactEnv } from "../shared/redact-env.ts";
import { demandsOf } from "./container-demands.ts";
import { Glances } from "./container-glance.ts";
import { marksOf } from "./container-labels.ts";
import { ContainerEvents } from "./container-events.ts";
import { readContainerLogs } from "./container-logs.ts";
import { ContainerMaker } from "./container-maker.ts";
import { toInstance } from "./container-observation.ts";
import { ContainerOperations, specOf } from "./container-operations.ts";
import { checkSurroundings } from "./container-surroundings.ts";
import { ContainerUsage } from "./container-usage.ts";
import { ContainerVolumes } from "./container-volumes.ts";
import { DockerClient } from "./docker-client.ts";
import { isLocalEndpoint } from "./docker-endpoint.ts";
import { dockerError } from "./docker-errors.ts";
import type { ContainerReport } from "./docker-reports.ts";
import {
  type DockerRuntimeOptions,
  resolveDockerOptions,
  type ResolvedDockerOptions,
} from "./docker-options.ts";
import type { OnHint } from "./hint-waits.ts";
import { ImageCache } from "./image-cache.ts";
import { ImagePins } from "./image-pins.ts";
import { imageDigest, type ImageParts, knownImages, prepareImage } from "./image-prepare.ts";
import { ImagePuller } from "./image-pull.ts";
import { LateCalls } from "./late-calls.ts";
import { type LogSource, logSourceOf } from "./log-passes.ts";
import { MemoryShortages } from "./memory-shortages.ts";
import { RegistryCredentialFiles } from "./registry-credentials.ts";
import { isLiveEntry, type OwnedContainer, OwnedContainers } from "./owned-containers.ts";

/** What is removed or changes its state between a list and its inspection is looked at again; more than this is not explained by that. */
const looksMax = 5;

/** An engine that was replaced by a newer one while it answered all the time is told by its new version after this time. */
const versionValidMs = 600_000;

/**
 * Runs workloads as containers of a Docker engine. The engine's containers, their labels and names are the only state: an agent that comes
 * later finds everything there. The engine never restarts a container by itself.
 */
export class DockerRuntime implements WorkloadRuntime {
  readonly type = "container";
  readonly capabilities: RuntimeCapabilities = { events: true, logs: true, usage: true };
  readonly #options: ResolvedDockerOptions;
  readonly #client: DockerClient;
  readonly #images: ImageCache;
  readonly #owned: OwnedContainers;
  readonly #glances: Glances;
  readonly #maker: ContainerMaker;
  #version: { readonly text: string; readonly validUntilMs: number } | undefined;
  readonly #imageParts: ImageParts;
  readonly #operations: ContainerOperations;
  readonly #shortages = new MemoryShortages();
  readonly #events: ContainerEvents;
  readonly #usage: ContainerUsage;

  /** Connects to nothing yet: the engine may come later. @throws {RangeError} for options out of bounds. */
  constructor(options: DockerRuntimeOptions) {
    this.#options = resolveDockerOptions(options);
    const { endpoint, logger, nodeId, pullIdleTimeoutMs: idleTimeoutMs } = this.#options;
    const client = new DockerClient(endpoint);
    const volumes = new ContainerVolumes(client, nodeId);
    const pins = new ImagePins(client, nodeId);
    this.#client = client;
    this.#images = new ImageCache(client);
    this.#owned = new OwnedContainers(client, this.#images, nodeId);
    this.#glances = new Glances(client);
    const late = new LateCalls();
    this.#maker = new ContainerMaker({
      client,
      endpoint,
      late,
      volumes,
      nodeId,
      secretSource: this.#options.secretSource,
    });
    this.#operations = new ContainerOperations({
      client,
      endpoint,
      nodeId,
      late,
      volumes,
      owned: this.#owned,
      maker: this.#maker,
      pins,
    });
    this.#imageParts = {
      client,
      pins,
      puller: new ImagePuller({ client, isLocal: isLocalEndpoint(endpoint), idleTimeoutMs }),
      credentials: new RegistryCredentialFiles(this.#options),
    };
    this.#events = new ContainerEvents({
      client,
      ownerOf: (labels, names) => marksOf(labels, names, nodeId)?.id,
      workloadOf: (containerId) => this.#owned.workloadOf(containerId),
      onOutOfMemory: (containerId, atMs) => {
        this.#shortages.note(containerId, atMs);
      },
      logger,
    });
    this.#usage = new ContainerUsage({ client, logger });
  }

  parseSpec(input: unknown): Parsed<ParsedSpec> {
    return parseContainerSpec(input);
  }

  redactSpec(spec: Json): Json {
    return redactEnv(spec);
  }

  async demands(spec: Json, signal: AbortSignal): Promise<Demands> {
    const sent = specOf({ spec });
    return guarded("see what a container demands", signal, async () => ({
      ...(await demandsOf(sent, {
        ...this.#options,
        dataFolder: async () => (await this.#maker.learn(signal)).rootFolder,
      })),
      ...(await secretDemandsOf(sent.env, this.#options.protectedPaths)),
    }));
  }

  async probe(signal: AbortSignal): Promise<RuntimeHealth> {
    try {
      return { healthy: true, version: await this.#versionNow(signal) };
    } catch (error) {
      signal.throwIfAborted();
      // Another engine may answer the next time.
      this.#version = undefined;
      const failure = failureOf(dockerError(error, "reach the engine"), Date.now());
      return { healthy: false, failure };
    }
  }

  async list(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, Glance>> {
    return guarded("list containers", signal, async () => {
      const all = await this.#owned.all(signal);
      await this.#glances.look(all.values(), signal);
      return new Map([...all].map(([id, found]) => [id, this.#glances.glanceOf(found)]));
    });
  }

  async observe(id: WorkloadId, signal: AbortSignal): Promise<Observation> {
    signal.throwIfAborted();
    try {
      for (let looks = 1; looks <= looksMax; looks += 1) {
        const observation = await this.#look(id, looks === looksMax, signal);
        if (observation !== undefined) return observation;
      }
      throw new AgentError("RUNTIME_ERROR", "its containers change faster than they can be read", {
        retryable: true,
      });
    } catch (error) {
      signal.throwIfAborted();
      const failure = failureOf(dockerError(error, `look at the container ${id}`), Date.now());
      return { kind: "unreadable", failure };
    }
  }

  async prepare(target: Target, signal: AbortSignal, progress: Progress): Promise<void> {
    await guarded("prepare a container", signal, async () => {
      const spec = specOf(target);
      progress("looking for what the container stands on");
      // What it refers to is found again when it is made; that it is missing is said before anything is stopped.
      await resolvedEnvironment(spec.env, this.#options.secretSource, signal);
      const { endpoint, nodeId } = this.#options;
      const surroundings = { client: this.#client, endpoint, nodeId, signal };
      const [known] = await Promise.all([
        knownImages(this.#imageParts, { target, spec }, signal),
        checkSurroundings({ id: target.id, spec }, surroundings),
      ]);
      const image = await prepareImage(this.#imageParts, { target, spec, known, progress }, signal);
      await this.#operations.makeFirst(target, image, signal);
    });
  }

  async start(target: Target, signal: AbortSignal): Promise<void> {
    await guarded("start a container", signal, () =>
      this.#operations.makeCurrent(target, { remakesDrifted: false, signal }),
    );
  }

  async replace(target: Target, signal: AbortSignal): Promise<void> {
    await guarded("replace a container", signal, () =>
      this.#operations.makeCurrent(target, { remakesDrifted: true, signal }),
    );
  }

  async retire(
    id: WorkloadId,
    keepDigests: readonly SpecDigest[],
    signal: AbortSignal,
  ): Promise<void> {
    await guarded("remove a container that was kept", signal, () =>
      this.#operations.retire(id, keepDigests, signal),
    );
  }

  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await guarded("restore a container", signal, () => this.#operations.restore(id, signal));
  }

  async stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    await guarded("stop a container", signal, () => this.#operations.stop(id, graceMs, signal));
  }

  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await guarded("remove a container", signal, () => this.#operations.remove(id, signal));
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return this.#events.events(signal);
  }

  logs(id: WorkloadId, options: LogOptions, signal: AbortSignal): AsyncIterable<LogChunk> {
    return readContainerLogs(id, {
      client: this.#client,
      find: (findSignal) => this.#logSource(id, findSignal),
      onHint: (listener) => this.#events.onHint(id, listener),
      options,
      signal,
      logger: this.#options.logger,
    });
  }

  async usage(
    ids: readonly WorkloadId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<WorkloadId, UsageSnapshot>> {
    return guarded("measure containers", signal, async () => {
      const all = await this.#owned.all(signal);
      this.#usage.forget((id) => all.has(id));
      const running = new Map<WorkloadId, string>();
      for (const id of ids) {
        const entry = all.get(id)?.current?.entry;
        if (entry !== undefined && isLiveEntry(entry)) running.set(id, entry.Id);
      }
      return this.#usage.measure(running, signal);
    });
  }

  /** Asked again at times only: whether the engine answers is found out at less cost. */
  async #versionNow(signal: AbortSignal): Promise<string> {
    if (this.#version !== undefined && performance.now() < this.#version.validUntilMs) {
      await this.#client.ping(signal);
      return this.#version.text;
    }
    const { engine, api } = await this.#client.version(signal);
    await this.#maker.learn(signal);
    const text = `${engine} (API ${api})`;
    this.#version = { text, validUntilMs: performance.now() + versionValidMs };
    return text;
  }

  /** What there is to read; undefined: no container. */
  async #logSource(id: WorkloadId, signal: AbortSignal): Promise<LogSource | undefined> {
    for (let looks = 1; looks <= looksMax; looks += 1) {
      const { current, kept } = await this.#owned.find(id, signal);
      const containerId = (current ?? kept)?.entry.Id;
      if (containerId === undefined) return undefined;
      const report = await this.#client.container(containerId, signal);
      if (report !== undefined) return logSourceOf(report);
    }
    return undefined;
  }

  /** Undefined: something has vanished since the list; or, unless it is the `last` look, is in another state than the glance would say. */
  async #look(
    id: WorkloadId,
    last: boolean,
    signal: AbortSignal,
  ): Promise<Observation | undefined> {
    const found = await this.#owned.find(id, signal);
    const wanted = [found.current, found.kept].filter((it) => it !== undefined);
    if (wanted.length === 0) return { kind: "absent" };
    const reports = await Promise.all(
      wanted.map(({ entry }) => this.#client.container(entry.Id, signal)),
    );
    const instances: Instance[] = [];
    for (const [at, container] of wanted.entries()) {
      const report = reports[at];
      if (report === undefined) return undefined;
      if (report.State.Status !== container.entry.State && !last) return undefined;
      const kept = container === found.kept;
      instances.push(await this.#instanceOf(container, { report, kept }, signal));
    }
    return { kind: "present", instances, glance: this.#glances.glanceOf(found) };
  }

  async #instanceOf(
    { marks }: OwnedContainer,
    { report, kept }: { readonly report: ContainerReport; readonly kept: boolean },
    signal: AbortSignal,
  ): Promise<Instance> {
    this.#glances.note(report);
    const image = await this.#images.find(report.Image, signal);
    const onHint: OnHint = (listener) => this.#events.onHint(marks.id, listener);
    return toInstance(report, marks, {
      kept,
      imageDigest: image && imageDigest(image, report.Config.Image),
      isOutOfMemory: await this.#shortages.hasEnded(report, onHint, signal),
    });
  }
}

/** Runs `work`; what it throws becomes an AgentError, but for the signal's reason. */
async function guarded<T>(doing: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw dockerError(error, doing);
  }
}
