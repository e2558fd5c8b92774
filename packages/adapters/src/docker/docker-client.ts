import Docker, { type ContainerCreateOptions } from "dockerode";
import { z } from "zod";
import { type DockerEndpoint, dockerOptionsOf } from "./docker-endpoint.ts";
import { httpStatusOf, isMissing } from "./docker-errors.ts";
import {
  type ContainerEntry,
  containerEntryOf,
  type ContainerReport,
  containerReportOf,
  type ImageReport,
  imageReportOf,
  type NetworkEntry,
  networkEntryOf,
  type VolumeEntry,
  volumeEntryOf,
} from "./docker-reports.ts";
import { alreadySo, called, unlessMissing } from "./engine-call.ts";
import type { OnLate } from "./late-calls.ts";

/** Credentials for one registry, as the engine takes them. */
export interface RegistryCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress: string;
}

/** What the engine says about itself and its host. */
export interface EngineFacts {
  /** The folder of the engine's data, on its host. */
  readonly rootFolder: string;
  readonly hasSwapLimit: boolean;
  /** Whether it reaches registries through a proxy. */
  readonly hasProxy: boolean;
  /** The engine's clock, Unix milliseconds. */
  readonly nowMs: number;
}

/** What `docker update` can change. Left out: as it is. The engine also takes 0 for "as it is", but for `PidsLimit`. */
export interface ContainerChange {
  readonly Memory?: number;
  readonly MemorySwap?: number;
  readonly CpuShares?: number;
  readonly NanoCpus?: number;
  readonly PidsLimit?: number;
  readonly MemoryReservation?: number;
  readonly CpuQuota?: number;
  readonly RestartPolicy?: { readonly Name: string };
}

/** A call of the engine that answers with a stream. */
export interface StreamCall {
  readonly path: string;
  readonly method: "GET" | "POST";
  /** Parameters of the query. */
  readonly query: Readonly<Record<string, string | number | boolean>>;
  readonly credentials?: RegistryCredentials;
}

type LabelFilter = readonly string[];

const networkSchema = z.object({ Id: z.string(), Name: z.string() });

const infoSchema = z.object({
  DockerRootDir: z.string(),
  SwapLimit: z.boolean().default(false),
  HttpProxy: z.string().default(""),
  HttpsProxy: z.string().default(""),
  SystemTime: z.string(),
});

/**
 * The calls of the Docker Engine API that the runtime makes, over dockerode. Each ends promptly with the signal's reason when its signal
 * aborts, and otherwise throws AgentErrors made from status or errno. What is already so counts as done; `undefined` is what is not there.
 */
export class DockerClient {
  readonly #docker: Docker;

  /** Connects to nothing yet. @throws {RangeError} for an endpoint of no known form; what reading its certificates throws. */
  constructor(endpoint: DockerEndpoint) {
    this.#docker = new Docker(dockerOptionsOf(endpoint));
  }

  /** The versions of the engine and of its API. */
  version(signal: AbortSignal): Promise<{ readonly engine: string; readonly api: string }> {
    return called("ask the engine for its version", signal, async () => {
      const { Version, ApiVersion } = await this.#docker.version();
      return { engine: Version, api: ApiVersion };
    });
  }

  /** Resolves when the engine answers: the cheapest question there is. Its version makes it execute two programs. */
  async ping(signal: AbortSignal): Promise<void> {
    await called("reach the engine", signal, () => this.#docker.ping());
  }

  facts(signal: AbortSignal): Promise<EngineFacts> {
    return called("ask the engine about its host", signal, async () => {
      const facts = infoSchema.parse(await this.#docker.info());
      return {
        rootFolder: facts.DockerRootDir,
        hasSwapLimit: facts.SwapLimit,
        hasProxy: facts.HttpProxy !== "" || facts.HttpsProxy !== "",
        nowMs: Date.parse(facts.SystemTime),
      };
    });
  }

  /** All containers with these labels, whatever their state. */
  containers(labels: LabelFilter, signal: AbortSignal): Promise<readonly ContainerEntry[]> {
    return called("list containers", signal, async () => {
      const filters = { label: [...labels] };
      const answer = await this.#docker.listContainers({ all: true, filters, abortSignal: signal });
      return answer.map(containerEntryOf);
    });
  }

  /** Containers that publish this port of the host. */
  publishers(port: number, signal: AbortSignal): Promise<readonly ContainerEntry[]> {
    return called("list containers", signal, async () => {
      const filters = { publish: [String(port)] };
      const answer = await this.#docker.listContainers({ filters, abortSignal: signal });
      return answer.map(containerEntryOf);
    });
  }

  /** The container of exactly this name: an inspection would take the beginning of some other container's id for it as well. */
  async named(name: string, signal: AbortSignal): Promise<ContainerReport | undefined> {
    const found = await called("list containers", signal, async () => {
      const filters = { name: [`^/${name.replaceAll(".", "\\.")}$`] };
      return this.#docker.listContainers({ all: true, filters, abortSignal: signal });
    });
    const entry = found.map(containerEntryOf).find((it) => it.Names.includes(`/${name}`));
    return entry && this.container(entry.Id, signal);
  }

  /** One container, by id, by name, or by the beginning of its id. */
  container(idOrName: string, signal: AbortSignal): Promise<ContainerReport | undefined> {
    const container = this.#docker.getContainer(idOrName);
    return unlessMissing(
      called("inspect a container", signal, async () =>
        containerReportOf(await container.inspect({ abortSignal: signal })),
      ),
    );
  }

  /**
   * Makes a container and resolves with its id. Starts nothing. The engine goes on with it when it is called off: `onLate` then receives the
   * call, which ends when the engine has answered.
   */
  create(options: ContainerCreateOptions, signal: AbortSignal, onLate: OnLate): Promise<string> {
    const create = async (): Promise<string> => (await this.#docker.createContainer(options)).id;
    return called("create the container", signal, create, onLate);
  }

  /** The engine goes on with it when it is called off, as with {@link create}. */
  start(id: string, signal: AbortSignal, onLate: OnLate): Promise<void> {
    const start = (): Promise<unknown> => this.#docker.getContainer(id).start();
    return alreadySo("start the container", signal, start, onLate);
  }

  /** Asks it to end, and forces it after `graceSeconds`; undefined: after the time it was made with. What is gone has ended. */
  async stop(id: string, graceSeconds: number | undefined, signal: AbortSignal): Promise<void> {
    const grace = graceSeconds === undefined ? {} : { t: graceSeconds };
    await unlessMissing(
      alreadySo("stop the container", signal, () =>
        this.#docker.getContainer(id).stop({ ...grace, abortSignal: signal }),
      ),
    );
  }

  unpause(id: string, signal: AbortSignal): Promise<void> {
    return alreadySo("resume the container", signal, () =>
      this.#docker.getContainer(id).unpause({ abortSignal: signal }),
    );
  }

  rename(id: string, name: string, signal: AbortSignal): Promise<void> {
    return alreadySo("rename the container", signal, () =>
      this.#docker.getContainer(id).rename({ name, abortSignal: signal }),
    );
  }

  update(id: string, change: ContainerChange, signal: AbortSignal): Promise<void> {
    return alreadySo("change the limits of the container", signal, () =>
      this.#docker.getContainer(id).update({ ...change, abortSignal: signal }),
    );
  }

  /** Removes a container, by force where it runs. Its volumes stay; `withVolumes`: but for those that the engine made for it. */
  async removeContainer(
    id: string,
    signal: AbortSignal,
    { withVolumes = false }: { readonly withVolumes?: boolean } = {},
  ): Promise<void> {
    await unlessMissing(
      alreadySo("remove the container", signal, () =>
        this.#docker.getContainer(id).remove({ force: true, v: withVolumes, abortSignal: signal }),
      ),
    );
  }

  /** Waits until a container that is being removed is gone, or its removal has failed. */
  async untilRemoved(id: string, signal: AbortSignal): Promise<void> {
    await unlessMissing(
      called("wait for the removal of a container", signal, () =>
        this.#docker.getContainer(id).wait({ condition: "removed", abortSignal: signal }),
      ),
    );
  }

  /** Whether there is a network of this name or id. */
  async hasNetwork(name: string, signal: AbortSignal): Promise<boolean> {
    const found = await unlessMissing(
      called("inspect a network", signal, () => this.#docker.getNetwork(name).inspect()),
    );
    if (found === undefined) return false;
    // It would also be found by the beginning of its id.
    const { Id, Name } = networkSchema.parse(found);
    return Name === name || Id === name;
  }

  /** All networks with these labels. */
  networks(labels: LabelFilter, signal: AbortSignal): Promise<readonly NetworkEntry[]> {
    return called("list networks", signal, async () => {
      const filters = JSON.stringify({ label: labels });
      const answer = await this.#docker.listNetworks({ filters, abortSignal: signal });
      return answer.map(networkEntryOf);
    });
  }

  /** What is gone is removed. @throws {AgentError} while a container is in it. */
  async removeNetwork(id: string, signal: AbortSignal): Promise<void> {
    await unlessMissing(
      alreadySo("remove the network", signal, () =>
        this.#docker.getNetwork(id).remove({ abortSignal: signal }),
      ),
    );
  }

  connect(network: string, id: string, signal: AbortSignal): Promise<void> {
    return alreadySo(`connect the container to network ${network}`, signal, () =>
      this.#docker.getNetwork(network).connect({ Container: id }),
    );
  }

  async disconnect(network: string, id: string, signal: AbortSignal): Promise<void> {
    await unlessMissing(
      alreadySo(`disconnect the container from network ${network}`, signal, () =>
        this.#docker
          .getNetwork(network)
          .disconnect({ Container: id, Force: true, abortSignal: signal }),
      ),
    );
  }

  /** One image, by id or reference. */
  image(idOrReference: string, signal: AbortSignal): Promise<ImageReport | undefined> {
    const image = this.#docker.getImage(idOrReference);
    return unlessMissing(
      called("inspect an image", signal, async () => imageReportOf(await image.inspect())),
    );
  }

  /** The tags, each `repository:tag`, of all images of a repository. */
  async tagsOf(repository: string, signal: AbortSignal): Promise<readonly string[]> {
    const images = await called("list images", signal, () =>
      this.#docker.listImages({
        filters: JSON.stringify({ reference: [repository] }),
        abortSignal: signal,
      }),
    );
    const tags = images.flatMap((it) => it.RepoTags ?? []);
    return tags.filter((it) => it.startsWith(`${repository}:`));
  }

  /** Gives an image another name. */
  tag(
    image: string,
    name: { readonly repository: string; readonly tag: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { repository: repo, tag } = name;
    return alreadySo("tag the image", signal, () =>
      this.#docker.getImage(image).tag({ repo, tag, abortSignal: signal }),
    );
  }

  /** Takes one name from an image; where it was the last, the image goes as well. Whether it is gone: not where a container still needs it. */
  async untag(reference: string, signal: AbortSignal): Promise<boolean> {
    try {
      await called("untag an image", signal, () =>
        this.#docker
          .getImage(reference)
          .remove({ force: false, noprune: false, abortSignal: signal }),
      );
      return true;
    } catch (error) {
      if (isMissing(error)) return true;
      if (httpStatusOf(error) === 409) return false;
      throw error;
    }
  }

  /** All volumes with these labels. */
  volumes(labels: LabelFilter, signal: AbortSignal): Promise<readonly VolumeEntry[]> {
    return called("list volumes", signal, async () => {
      const filters = JSON.stringify({ label: labels });
      const answer = await this.#docker.listVolumes({ filters, abortSignal: signal });
      // The engine answers null where there is none.
      const found: unknown = answer.Volumes;
      return Array.isArray(found) ? found.map(volumeEntryOf) : [];
    });
  }

  /** @throws {AgentError} with status 409 in its details while a container has it. */
  async removeVolume(name: string, signal: AbortSignal): Promise<void> {
    await unlessMissing(
      alreadySo(`remove volume ${name}`, signal, () =>
        this.#docker.getVolume(name).remove({ abortSignal: signal }),
      ),
    );
  }

  /** One measurement of a container, as the engine gives it: it takes none of its own for this. */
  usage(id: string, signal: AbortSignal): Promise<unknown> {
    const options = { stream: false, "one-shot": true, abortSignal: signal } as const;
    return unlessMissing(
      called("measure a container", signal, () => this.#docker.getContainer(id).stats(options)),
    );
  }

  /**
   * The body of an answer as it comes. Destroying it, or the signal's abort, ends the call on the engine's side as well. It may break off at
   * any time; whoever reads it makes AgentErrors of that.
   */
  stream(doing: string, call: StreamCall, signal: AbortSignal): Promise<NodeJS.ReadableStream> {
    const { path, method, query, credentials } = call;
    return called(
      doing,
      signal,
      () =>
        new Promise<NodeJS.ReadableStream>((resolve, reject) => {
          const options = {
            path: `${path}?`,
            method,
            // Of a POST, dockerode sends the options as the body unless it is told apart.
            options: { _query: { ...query }, _body: {} },
            isStream: true,
            statusCodes: { 200: true },
            abortSignal: signal,
            ...(credentials === undefined ? {} : { authconfig: { ...credentials } }),
          };
          this.#docker.modem.dial(options, (error, answer) => {
            if (error !== null) reject(error);
            else if (isReadable(answer)) resolve(answer);
            else reject(new TypeError(`the engine's answer to ${path} is no stream`));
          });
        }),
    );
  }
}

function isReadable(answer: unknown): answer is NodeJS.ReadableStream {
  return typeof answer === "object" && answer !== null && "pipe" in answer;
}
