import { resolve } from "node:path/posix";
import type { ContainerSpec, Target } from "@persys/core";
import type { ContainerCreateOptions, HostConfig, MountSettings } from "dockerode";
import { type ContainerConfiguration, noRestart } from "./container-configuration.ts";
import { labelsOf, type Making, volumeLabelsOf } from "./container-labels.ts";
import { containerName } from "./container-names.ts";
import type { ImageReport } from "./docker-reports.ts";

/** All that goes into a new container. */
export interface CreateInput {
  readonly target: Target;
  readonly spec: ContainerSpec;
  readonly nodeId: string;
  readonly making: Making;
  readonly image: ImageReport;
  /** What the engine is given to find the image by. */
  readonly imageName: string;
  /** Volumes of earlier containers of the workload, by the path where they belong. */
  readonly volumes: ReadonlyMap<string, string>;
}

/** A log is bounded by default, to five files of 10 MB: the engine's own default is a single one without bound. */
const logDefaults = { maxSizeBytes: 10_000_000, maxFiles: 5 } as const;

const nanoPerMillicore = 1_000_000;
const nanosPerSecond = 1_000_000_000;

/** The network of a container that names none. */
const defaultNetwork = "bridge";

/** What `docker create` is asked for. Pure. */
export function createOptionsOf(input: CreateInput): ContainerCreateOptions {
  const { target, spec, nodeId, making } = input;
  const words = [...(spec.command ?? []), ...(spec.args ?? [])];
  return {
    name: containerName(target.id),
    Image: input.imageName,
    ...(words.length === 0 ? {} : { Cmd: words }),
    ...(spec.entrypoint === undefined ? {} : { Entrypoint: [...spec.entrypoint] }),
    ...(spec.user === undefined ? {} : { User: spec.user }),
    ...(spec.workingDir === undefined ? {} : { WorkingDir: spec.workingDir }),
    Env: Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`),
    Labels: { ...spec.labels, ...labelsOf(target, nodeId, making) },
    ExposedPorts: Object.fromEntries(publishedPorts(spec).map(([port]) => [port, {}])),
    StopTimeout: Math.ceil(target.stopGraceMs / 1000),
    ...(spec.healthcheck === undefined ? {} : { Healthcheck: healthcheckOf(spec.healthcheck) }),
    HostConfig: hostConfigOf(input),
  };
}

/** What the engine will report of such a container, as far as it can be told beforehand. */
export function expectedConfiguration(
  spec: ContainerSpec,
  image: ImageReport,
  engine: { readonly hasSwapLimit: boolean },
): ContainerConfiguration {
  const { resources } = spec;
  const memoryBytes = resources?.memoryBytes ?? 0;
  // Without a limit of its own, memory and swap together get twice the memory; a host that cannot limit swap says -1.
  const swapBytes = engine.hasSwapLimit ? resources?.memorySwapBytes || memoryBytes * 2 : -1;
  return {
    image: image.Id,
    memoryBytes,
    memorySwapBytes: memoryBytes === 0 ? 0 : swapBytes,
    cpuShares: resources?.cpuShares ?? 0,
    nanoCpus: (resources?.cpuMillicores ?? 0) * nanoPerMillicore,
    pidsLimit: resources?.pidsLimit ?? 0,
    memoryReservationBytes: 0,
    cpuQuotaMicros: 0,
    cpuPeriodMicros: 0,
    cpusetCpus: "",
    cpusetMems: "",
    blkioWeight: 0,
    restartPolicy: noRestart,
    networks: [spec.network ?? defaultNetwork],
  };
}

/** The paths that the image declares as volumes and the spec puts nothing else at: each is an anonymous volume. */
export function anonymousVolumePaths(spec: ContainerSpec, image: ImageReport): readonly string[] {
  const taken = new Set([
    ...(spec.volumes ?? []).map((it) => it.containerPath),
    ...(spec.tmpfs ?? []).map((it) => it.containerPath),
  ]);
  // An image may declare `/data/`, which the engine mounts as `/data`.
  const declared = new Set(image.Config.Volumes.map((it) => resolve("/", it)));
  return [...declared].filter((it) => !taken.has(it));
}

function hostConfigOf(input: CreateInput): HostConfig {
  const { spec } = input;
  return {
    AutoRemove: false,
    RestartPolicy: { Name: noRestart, MaximumRetryCount: 0 },
    NetworkMode: spec.network ?? defaultNetwork,
    Mounts: mountsOf(input),
    PortBindings: portBindingsOf(spec),
    Privileged: spec.privileged ?? false,
    ExtraHosts: Object.entries(spec.extraHosts ?? {}).map(
      ([name, address]) => `${name}:${address}`,
    ),
    Tmpfs: tmpfsOf(spec),
    LogConfig: logConfigOf(spec),
    ...limitsOf(spec),
  };
}

function limitsOf({ resources = {} }: ContainerSpec): HostConfig {
  const { memoryBytes = 0, memorySwapBytes = 0, cpuShares = 0, pidsLimit = 0 } = resources;
  return {
    Memory: memoryBytes,
    MemorySwap: memorySwapBytes,
    CpuShares: cpuShares,
    NanoCpus: (resources.cpuMillicores ?? 0) * nanoPerMillicore,
    PidsLimit: pidsLimit,
  };
}

function tmpfsOf({ tmpfs = [] }: ContainerSpec): Readonly<Record<string, string>> {
  return Object.fromEntries(
    tmpfs.map(({ containerPath, sizeBytes }) => [
      containerPath,
      sizeBytes === undefined ? "" : `size=${sizeBytes}`,
    ]),
  );
}

function logConfigOf({ log }: ContainerSpec): NonNullable<HostConfig["LogConfig"]> {
  return {
    Type: "json-file",
    Config: {
      "max-size": String(log?.maxSizeBytes ?? logDefaults.maxSizeBytes),
      "max-file": String(log?.maxFiles ?? logDefaults.maxFiles),
    },
  };
}

function mountsOf({ target, spec, nodeId, image, volumes }: CreateInput): MountSettings[] {
  // Unlike the short form `-v`, a mount does not make a missing path of the host into an empty folder.
  const binds = (spec.volumes ?? []).map(
    (it): MountSettings => ({
      Type: "bind",
      Source: it.hostPath,
      Target: it.containerPath,
      ReadOnly: it.readOnly ?? false,
    }),
  );
  const anonymous = anonymousVolumePaths(spec, image).map(
    (path): MountSettings => ({
      Type: "volume",
      // Without a name the engine makes a new volume.
      Source: volumes.get(path) ?? "",
      Target: path,
      VolumeOptions: {
        NoCopy: false,
        Labels: { ...volumeLabelsOf(target, nodeId, path) },
        DriverConfig: { Name: "", Options: {} },
      },
    }),
  );
  return [...binds, ...anonymous];
}

type PortBinding = { readonly HostIp: string; readonly HostPort: string };

function publishedPorts(spec: ContainerSpec): readonly (readonly [string, PortBinding])[] {
  return (spec.ports ?? []).map((it) => [
    `${it.containerPort}/${it.protocol || "tcp"}`,
    // Without a port of the host the engine picks one.
    { HostIp: it.hostIp ?? "", HostPort: it.hostPort ? String(it.hostPort) : "" },
  ]);
}

function portBindingsOf(spec: ContainerSpec): Readonly<Record<string, readonly PortBinding[]>> {
  const byPort = Map.groupBy(publishedPorts(spec), ([port]) => port);
  return Object.fromEntries(
    [...byPort].map(([port, bindings]) => [port, bindings.map(([, binding]) => binding)]),
  );
}

function healthcheckOf(
  check: NonNullable<ContainerSpec["healthcheck"]>,
): NonNullable<ContainerCreateOptions["Healthcheck"]> {
  // 0 and left out both stand for the default of the image or the engine.
  return {
    ...(check.test === undefined ? {} : { Test: [...check.test] }),
    Interval: (check.intervalSeconds ?? 0) * nanosPerSecond,
    Timeout: (check.timeoutSeconds ?? 0) * nanosPerSecond,
    StartPeriod: (check.startPeriodSeconds ?? 0) * nanosPerSecond,
    Retries: check.retries ?? 0,
  };
}
