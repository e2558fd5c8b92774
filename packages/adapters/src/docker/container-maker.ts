import { randomBytes } from "node:crypto";
import {
  AgentError,
  canonicalJson,
  type ContainerSpec,
  errorWithoutSecrets,
  SecretTexts,
  type SecretSource,
  type Target,
} from "@persys/core";
import {
  type ContainerConfiguration,
  configurationOf,
  configurationText,
} from "./container-configuration.ts";
import {
  anonymousVolumePaths,
  createOptionsOf,
  expectedConfiguration,
} from "./container-create.ts";
import { marksOf } from "./container-labels.ts";
import { containerName } from "./container-names.ts";
import type { ContainerVolumes } from "./container-volumes.ts";
import type { DockerClient, EngineFacts } from "./docker-client.ts";
import { type DockerEndpoint, isLocalEndpoint } from "./docker-endpoint.ts";
import { dockerError, httpStatusOf, isConflict, isMissing } from "./docker-errors.ts";
import type { ContainerReport, ImageReport } from "./docker-reports.ts";
import { hostPathFailure } from "./host-paths.ts";
import type { LateCalls } from "./late-calls.ts";
import type { WorkloadContainers } from "./owned-containers.ts";
import { redactEnv } from "../shared/redact-env.ts";
import { resolvedEnvironment } from "../shared/secret-references.ts";

/** What containers are made with. */
export interface MakerOptions {
  readonly client: DockerClient;
  readonly endpoint: DockerEndpoint;
  readonly volumes: ContainerVolumes;
  readonly late: LateCalls;
  readonly nodeId: string;
  readonly secretSource: SecretSource | undefined;
}

/** A container that is to be made. */
export interface MakeInput {
  readonly target: Target;
  readonly spec: ContainerSpec;
  readonly image: ImageReport;
  /** What there is of the workload already. */
  readonly found: WorkloadContainers;
}

/** One as predicted, one as the engine reports it then, one with no claim about it. */
const triesMax = 3;

/** Makes containers, without starting them. */
export class ContainerMaker {
  readonly #to: MakerOptions;
  #facts: EngineFacts | undefined;

  constructor(options: MakerOptions) {
    this.#to = options;
  }

  /** What the engine can hold a container to. Asked for once: the first container need not wait for it when it was asked for before. */
  async learn(signal: AbortSignal): Promise<EngineFacts> {
    this.#facts ??= await this.#to.client.facts(signal);
    return this.#facts;
  }

  /**
   * Makes the target's container under its own name.
   *
   * What it should be goes into a label before it exists, but engines report some of that otherwise than they were asked (a swap limit where
   * the host has none). So what they report is compared with the label at once; where it differs the container, which never ran, is made
   * again with what was reported.
   * @throws {AgentError} NAME_CONFLICT when a stranger has the name, NOT_PREPARED when the image is gone; nothing was made then.
   */
  async make(asked: MakeInput, signal: AbortSignal): Promise<ContainerReport> {
    const { client, secretSource } = this.#to;
    const env = await resolvedEnvironment(asked.spec.env, secretSource, signal);
    const input = { ...asked, spec: { ...asked.spec, env } };
    try {
      return await this.#make(input, client, signal);
    } catch (error) {
      throw withoutValues(error, input, signal);
    }
  }

  async #make(
    input: MakeInput,
    client: DockerClient,
    signal: AbortSignal,
  ): Promise<ContainerReport> {
    const { spec, image } = input;
    const paths = anonymousVolumePaths(spec, image);
    const volumes =
      paths.length === 0
        ? new Map<string, string>()
        : await this.#to.volumes.toCarry(input.target, input.found, signal);
    const engine = await this.learn(signal);
    let configuration: ContainerConfiguration | undefined = expectedConfiguration(
      spec,
      image,
      engine,
    );
    // For people the image has the name they gave it, as long as that is still the same image.
    let imageName = spec.image;
    for (let tries = 1; ; tries += 1) {
      const report = await this.#create(input, { configuration, imageName, volumes }, signal);
      if (report === undefined) {
        imageName = image.Id;
        continue;
      }
      // The image is that of the revision, whatever its name led to.
      const reported = { ...configurationOf(report), image: image.Id };
      const isAsLabelled =
        configuration === undefined ||
        configurationText(reported) === configurationText(configuration);
      if (report.Image === image.Id && (isAsLabelled || tries === triesMax)) return report;
      await client.removeContainer(report.Id, signal, { withVolumes: true });
      if (report.Image !== image.Id) imageName = image.Id;
      if (!isAsLabelled) configuration = tries + 1 < triesMax ? reported : undefined;
    }
  }

  /** Undefined: there is no image of this name. */
  async #create(
    { target, spec, image, found }: MakeInput,
    made: {
      readonly configuration: ContainerConfiguration | undefined;
      readonly imageName: string;
      readonly volumes: ReadonlyMap<string, string>;
    },
    signal: AbortSignal,
  ): Promise<ContainerReport | undefined> {
    const { client, late, nodeId } = this.#to;
    const options = createOptionsOf({
      target,
      spec,
      nodeId,
      image,
      imageName: made.imageName,
      volumes: made.volumes,
      making: {
        sequence: nextSequence(found),
        instance: randomBytes(8).toString("hex"),
        configuration:
          made.configuration === undefined ? "" : configurationText(made.configuration),
      },
    });
    try {
      const id = await client.create(options, signal, (call) => {
        late.note(target.id, call);
      });
      const report = await client.container(id, signal);
      if (report !== undefined) return report;
      throw new AgentError("RUNTIME_ERROR", "the container vanished right after it was created", {
        retryable: true,
        effect: "none",
      });
    } catch (error) {
      if (isConflict(error)) throw await this.#nameConflict(target, error, signal);
      if (!isMissing(error)) throw await this.#pathFailure(spec, error);
      if (made.imageName !== image.Id) return undefined;
      throw notPrepared(spec.image, error);
    }
  }

  /** Whether a path of the host was removed since it was prepared. */
  async #pathFailure({ volumes = [] }: ContainerSpec, error: unknown): Promise<unknown> {
    if (httpStatusOf(error) === undefined || !isLocalEndpoint(this.#to.endpoint)) return error;
    return (
      (await hostPathFailure(
        volumes.map((it) => it.hostPath),
        error,
      )) ?? error
    );
  }

  /** Why the name could not be had: a stranger's container has it, or something of ours that was not there a moment ago. */
  async #nameConflict(target: Target, cause: unknown, signal: AbortSignal): Promise<unknown> {
    const { client, nodeId } = this.#to;
    const name = containerName(target.id);
    const holder = await client.named(name, signal);
    const marks = holder && marksOf(holder.Config.Labels, [holder.Name], nodeId);
    if (holder === undefined || marks?.id === target.id)
      return new AgentError("RUNTIME_ERROR", `the name ${name} is only just in use`, {
        retryable: true,
        effect: "none",
        cause,
      });
    return nameTaken(name, holder.Id, cause);
  }
}

/** What the engine quotes of an environment is not said on, least of all what its references stand for. */
function withoutValues(error: unknown, { target, spec }: MakeInput, signal: AbortSignal): unknown {
  if (signal.aborted) return error;
  const known = (): string => canonicalJson(redactEnv(target.spec));
  const texts = new SecretTexts(Object.values(spec.env ?? {}), known);
  return errorWithoutSecrets(dockerError(error, "make a container"), texts);
}

/** The name of a workload's container belongs to a container that is not this node's. */
export function nameTaken(name: string, containerId: string, cause?: unknown): AgentError {
  const id = containerId.slice(0, 12);
  return new AgentError(
    "NAME_CONFLICT",
    `the name ${name} is in use by container ${id}, which is not this node's: rename or remove that, or use another id`,
    { fault: "user", retryable: true, effect: "none", details: { container: id }, cause },
  );
}

/** What prepare made is gone. */
export function notPrepared(image: string, cause?: unknown): AgentError {
  return new AgentError("NOT_PREPARED", `the image ${image} is no longer here as it was prepared`, {
    retryable: true,
    effect: "none",
    cause,
  });
}

function nextSequence({ current, kept, spare }: WorkloadContainers): number {
  const all = [current, kept, ...spare].map((it) => it?.marks.sequence ?? 0);
  return Math.max(0, ...all) + 1;
}
