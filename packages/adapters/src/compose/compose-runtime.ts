import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  type Demands,
  failureOf,
  type Glance,
  type Json,
  type LogChunk,
  type LogOptions,
  type Observation,
  type Parsed,
  type ParsedSpec,
  policyDenied,
  type Progress,
  type RepositoryDemand,
  type RuntimeCapabilities,
  type RuntimeEvent,
  type RuntimeHealth,
  type SpecDigest,
  type Target,
  type TargetName,
  type UsageSnapshot,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";
import { ContainerEvents } from "../docker/container-events.ts";
import { Glances } from "../docker/container-glance.ts";
import { ContainerUsage } from "../docker/container-usage.ts";
import { DockerClient } from "../docker/docker-client.ts";
import { isLocalEndpoint } from "../docker/docker-endpoint.ts";
import { dockerError } from "../docker/docker-errors.ts";
import { ImageCache } from "../docker/image-cache.ts";
import { ImagePuller } from "../docker/image-pull.ts";
import { LateCalls } from "../docker/late-calls.ts";
import { RegistryCredentialFiles } from "../docker/registry-credentials.ts";
import { ComposeCommand } from "./compose-command.ts";
import {
  type ComposeRuntimeOptions,
  resolveComposeOptions,
  type ResolvedComposeOptions,
} from "./compose-options.ts";
import { parseComposeSpec } from "./compose-spec.ts";
import { sweepShared } from "./fetch-folders.ts";
import { GitFiles } from "./git-files.ts";
import { OwnedProjects } from "./owned-projects.ts";
import { ProjectCommand } from "./project-command.ts";
import { fetchDemands, projectDemands } from "./project-demands.ts";
import { ProjectEnds } from "./project-ends.ts";
import { ProjectFolders } from "./project-folders.ts";
import { ProjectImages } from "./project-images.ts";
import { marksOf } from "./project-labels.ts";
import { readProjectLogs } from "./project-logs.ts";
import { ProjectLooks } from "./project-looks.ts";
import { projectInstances } from "./project-observation.ts";
import { ProjectOperations } from "./project-operations.ts";
import { prepareProject } from "./project-prepare.ts";
import { ProjectSources, specOf } from "./project-sources.ts";
import { redactSpec } from "./redact-spec.ts";
import type { ProjectState } from "./project-state.ts";
import { ProjectUsage } from "./project-usage.ts";
import { UpFailures } from "./up-failures.ts";

/**
 * Runs workloads as compose projects of a Docker engine. What the engine holds, by label, and a folder for each project are the only state: an
 * agent that comes later finds everything there. Services are restarted as their file says; what the file leaves open, the engine of Persys
 * decides.
 */
export class ComposeRuntime implements WorkloadRuntime {
  readonly type = "compose";
  readonly capabilities: RuntimeCapabilities = { events: true, logs: true, usage: true };
  readonly #options: ResolvedComposeOptions;
  readonly #client: DockerClient;
  readonly #compose: ComposeCommand;
  readonly #command: ProjectCommand;
  readonly #folders: ProjectFolders;
  readonly #files: GitFiles;
  readonly #sources: ProjectSources;
  readonly #owned: OwnedProjects;
  readonly #looks: ProjectLooks;
  readonly #glances: Glances;
  readonly #images: ProjectImages;
  readonly #operations: ProjectOperations;
  readonly #events: ContainerEvents;
  readonly #usage: ProjectUsage;
  /** Said once: each probe tries again. */
  #sweepFails = false;

  /** Connects to nothing yet: the engine may come later. @throws {RangeError} for options out of bounds. */
  constructor(options: ComposeRuntimeOptions) {
    this.#options = resolveComposeOptions(options);
    const { binary, endpoint, folder, logger, nodeId } = this.#options;
    const { secretSealer, secretSource } = this.#options;
    const client = new DockerClient(endpoint);
    const late = new LateCalls();
    const configFolder = join(folder, "no-docker-config");
    this.#client = client;
    this.#compose = new ComposeCommand({ binary, endpoint, configFolder });
    this.#command = new ProjectCommand(this.#compose);
    this.#folders = new ProjectFolders(folder, nodeId, secretSealer);
    this.#files = new GitFiles({
      folder: this.#folders.fetchesFolder,
      secretSource,
      admit: (repository) => this.#admit(repository),
      limits: this.#options.gitLimits,
    });
    this.#sources = new ProjectSources({ folders: this.#folders, nodeId, files: this.#files });
    this.#owned = new OwnedProjects({ client, nodeId, images: new ImageCache(client) });
    this.#glances = new Glances(client);
    this.#looks = new ProjectLooks({ client, folders: this.#folders, owned: this.#owned });
    const look: ProjectLooks["look"] = (id, signal) => this.#looks.look(id, signal);
    this.#images = new ProjectImages({
      client,
      puller: new ImagePuller({
        client,
        isLocal: isLocalEndpoint(endpoint),
        idleTimeoutMs: this.#options.pullIdleTimeoutMs,
      }),
      credentials: new RegistryCredentialFiles(this.#options),
    });
    this.#operations = new ProjectOperations({
      client,
      late,
      look,
      folders: this.#folders,
      owned: this.#owned,
      command: this.#command,
      images: this.#images,
      secretSource,
      ends: new ProjectEnds({ client, endpoint, nodeId, late, look }),
      failures: new UpFailures({ client, endpoint }),
    });
    this.#events = new ContainerEvents({
      client,
      ownerOf: (labels) => marksOf(labels, nodeId)?.id,
      workloadOf: (containerId) => this.#looks.workloadOf(containerId),
      logger,
    });
    this.#usage = new ProjectUsage(new ContainerUsage({ client, logger }));
  }

  parseSpec(input: unknown): Parsed<ParsedSpec> {
    return parseComposeSpec(input);
  }

  redactSpec(spec: Json): Json {
    return redactSpec(spec);
  }

  async demands(spec: Json, signal: AbortSignal, of?: TargetName): Promise<Demands> {
    return guarded("see what a project demands", signal, async () => {
      const { protectedPaths, hostPolicy } = this.#options;
      const isStored = await this.#sources.isStored(of);
      const fetched = await fetchDemands(specOf(spec).spec, protectedPaths, isStored);
      const denials = hostPolicy?.current().judge(fetched, this.type) ?? [];
      // What may not be fetched is not looked at, so nothing but that is known of it.
      if (fetched.repositories.length > 0 && denials.length > 0) throw policyDenied(denials);
      const source = await this.#sources.find(spec, of, signal);
      const project = await this.#command.resolve(source, signal);
      const asked = await projectDemands(project, {
        ...this.#options,
        dataFolder: async () => (await this.#client.facts(signal)).rootFolder,
      });
      return { ...fetched, ...asked };
    });
  }

  async probe(signal: AbortSignal): Promise<RuntimeHealth> {
    try {
      await this.#client.ping(signal);
      const { version, words } = await this.#compose.find(signal);
      await this.#sweepFetches(signal);
      return { healthy: true, version: `${words.join(" ")} ${version}` };
    } catch (error) {
      signal.throwIfAborted();
      // Another command may be there the next time.
      this.#command.forget();
      const failure = failureOf(dockerError(error, "reach the engine"), Date.now());
      return { healthy: false, failure };
    }
  }

  async list(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, Glance>> {
    return guarded("list projects", signal, async () => {
      const all = await this.#owned.all(signal);
      const states = new Map((await this.#folders.states()).map((it) => [it.id, it]));
      this.#looks.note(all);
      await this.#glances.look(
        [...all.values()].map((spare) => ({ current: undefined, kept: undefined, spare })),
        signal,
      );
      const kept = [...states.values()].filter((it) => it.kept !== undefined).map((it) => it.id);
      const ids = new Set([...all.keys(), ...kept]);
      return new Map([...ids].map((id) => [id, this.#glanceOf(all.get(id) ?? [], states.get(id))]));
    });
  }

  async observe(id: WorkloadId, signal: AbortSignal): Promise<Observation> {
    signal.throwIfAborted();
    try {
      const seen = await this.#looks.look(id, signal);
      for (const { report } of seen.containers) this.#glances.note(report);
      const instances = projectInstances(seen);
      if (instances.length === 0) return { kind: "absent" };
      const glance = this.#glanceOf(seen.listed, seen.state);
      return { kind: "present", instances, glance };
    } catch (error) {
      signal.throwIfAborted();
      const failure = failureOf(dockerError(error, `look at the project ${id}`), Date.now());
      return { kind: "unreadable", failure };
    }
  }

  async prepare(target: Target, signal: AbortSignal, progress: Progress): Promise<void> {
    await guarded("prepare a project", signal, () =>
      prepareProject(
        target,
        {
          command: this.#command,
          folders: this.#folders,
          images: this.#images,
          owned: this.#owned,
          client: this.#client,
          sources: this.#sources,
          endpoint: this.#options.endpoint,
          nodeId: this.#options.nodeId,
        },
        { signal, progress },
      ),
    );
  }

  async start(target: Target, signal: AbortSignal): Promise<void> {
    await guarded("start a project", signal, () =>
      this.#operations.makeCurrent(target, { remakesChanged: false, signal }),
    );
  }

  async replace(target: Target, signal: AbortSignal): Promise<void> {
    await guarded("replace a project", signal, () =>
      this.#operations.makeCurrent(target, { remakesChanged: true, signal }),
    );
  }

  async retire(
    id: WorkloadId,
    keepDigests: readonly SpecDigest[],
    signal: AbortSignal,
  ): Promise<void> {
    await guarded("retire a project", signal, () =>
      this.#operations.retire(id, keepDigests, signal),
    );
  }

  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await guarded("restore a project", signal, () => this.#operations.restore(id, signal));
  }

  async stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    await guarded("stop a project", signal, () => this.#operations.stop(id, graceMs, signal));
  }

  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await guarded("remove a project", signal, () => this.#operations.remove(id, signal));
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return this.#events.events(signal);
  }

  logs(id: WorkloadId, options: LogOptions, signal: AbortSignal): AsyncIterable<LogChunk> {
    return readProjectLogs(id, {
      client: this.#client,
      look: (lookSignal) => this.#looks.look(id, lookSignal),
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
    return guarded("measure projects", signal, async () =>
      this.#usage.measure(ids, await this.#owned.all(signal), signal),
    );
  }

  /** @throws {AgentError} POLICY_DENIED; retryable where it is what a name stands for that is denied: resolvers err for a while. */
  #admit(repository: RepositoryDemand): void {
    const asked = { cpuMillicores: 0, memoryBytes: 0, hostPaths: [], user: "" };
    const demands = { ...asked, repositories: [repository] };
    const denials = this.#options.hostPolicy?.current().judge(demands, this.type) ?? [];
    const retryable = repository.addresses !== undefined;
    if (denials.length > 0) throw policyDenied(denials, { retryable });
  }

  /** What an agent before left of its fetches, projects can do with. */
  async #sweepFetches(signal: AbortSignal): Promise<void> {
    try {
      await this.#files.sweep(signal);
      await sweepShared(this.#folders.sharedFetchesFolder, signal);
      this.#sweepFails = false;
    } catch (error) {
      signal.throwIfAborted();
      if (this.#sweepFails) return;
      this.#sweepFails = true;
      const message = "what fetches of compose files have left is still there";
      this.#options.logger.warn(message, { error });
    }
  }

  #glanceOf(containers: readonly Listed[], state: ProjectState | undefined): Glance {
    const { current, kept, stopped } = state ?? {};
    const seen = this.#glances.glanceOf({ current: undefined, kept: undefined, spare: containers });
    const made = current && [current.sequence, current.turn, current.finished, current.hashes];
    const known = [made, kept && [kept.sequence, kept.turn], stopped];
    return createHash("sha256")
      .update(JSON.stringify([seen, known]))
      .digest("hex");
  }
}

type Listed = Awaited<ReturnType<ProjectLooks["look"]>>["listed"][number];

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
