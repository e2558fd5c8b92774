import { z } from "zod";

/**
 * What the Docker Engine API answers, as far as it is used here. Engines leave out members or set them to null where nothing is to be
 * said; here they are empty then. Field names are the API's own (version 1.41).
 */

type Texts = Readonly<Record<string, string>>;

/** A path inside a container and what is there. */
interface MountReport {
  /** `bind`, `volume` or `tmpfs`. */
  readonly Type: string;
  /** Of a volume: its name. */
  readonly Name?: string | undefined;
  readonly Destination: string;
}

/** How a container stands in a network. The texts are empty while it does not run. */
interface EndpointReport {
  /** Names this stay in the network: another one after each start. */
  readonly EndpointID: string;
  readonly IPAddress: string;
  readonly GlobalIPv6Address: string;
}

/** Ports of the host that lead to those of a container. */
type PortBindings = Readonly<
  Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
>;

/** One line of a list of containers. */
export interface ContainerEntry {
  readonly Id: string;
  /** Each with a slash before it. */
  readonly Names: readonly string[];
  readonly ImageID: string;
  /** Unix seconds. */
  readonly Created: number;
  readonly Labels: Texts;
  /** `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`. */
  readonly State: string;
  /** For people: `Up 3 minutes (healthy)`. */
  readonly Status: string;
  readonly Mounts: readonly MountReport[];
  readonly Ports: readonly {
    readonly IP?: string | undefined;
    readonly PublicPort?: number | undefined;
    readonly Type: string;
  }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, EndpointReport>> };
}

/** What an inspection of one container tells. Times are RFC 3339; those that never were are of the year 1. */
export interface ContainerReport {
  readonly Id: string;
  /** With a slash before it. */
  readonly Name: string;
  /** The id of its image. */
  readonly Image: string;
  readonly Mounts: readonly MountReport[];
  /** How often the engine has started it again by itself. */
  readonly RestartCount: number;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Restarting: boolean;
    readonly OOMKilled: boolean;
    readonly Dead: boolean;
    readonly ExitCode: number;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?:
      | { readonly Status: string; readonly Log: readonly { readonly Output: string }[] }
      | null
      | undefined;
  };
  readonly Config: {
    /** As it was asked for. */
    readonly Image: string;
    readonly Labels: Texts;
    readonly Tty: boolean;
  };
  readonly HostConfig: {
    readonly CpuShares?: number | null | undefined;
    readonly Memory?: number | null | undefined;
    readonly MemorySwap?: number | null | undefined;
    readonly NanoCpus?: number | null | undefined;
    readonly PidsLimit?: number | null | undefined;
    readonly MemoryReservation?: number | null | undefined;
    readonly CpuQuota?: number | null | undefined;
    readonly CpuPeriod?: number | null | undefined;
    readonly CpusetCpus?: string | null | undefined;
    readonly CpusetMems?: string | null | undefined;
    readonly BlkioWeight?: number | null | undefined;
    readonly RestartPolicy?: { readonly Name: string } | null | undefined;
    readonly NetworkMode: string;
    /** As asked for, in that order. Of a bind, the source is a path of the host. */
    readonly Mounts: readonly { readonly Type: string; readonly Source: string }[];
    /** As asked for, by port and protocol, such as `80/tcp`. An empty port of the host: the engine picks one. */
    readonly PortBindings: PortBindings;
  };
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, EndpointReport>>;
    /** As they are while it runs; null: not published. */
    readonly Ports: PortBindings;
  };
}

/** What an inspection of an image tells. */
export interface ImageReport {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  /** Each `repository@sha256:…`. */
  readonly RepoDigests: readonly string[];
  readonly Config: {
    readonly Labels: Texts;
    /** The paths it declares as volumes. */
    readonly Volumes: readonly string[];
  };
}

/** One line of a list of volumes. */
export interface VolumeEntry {
  readonly Name: string;
  readonly Labels: Texts;
  /** RFC 3339. */
  readonly CreatedAt?: string | undefined;
}

/** One line of a list of networks. */
export interface NetworkEntry {
  readonly Id: string;
  readonly Name: string;
  readonly Labels: Texts;
}

const textMap: z.ZodType<Texts> = z
  .record(z.string(), z.string())
  .nullish()
  .transform((it) => it ?? {});

const mounts: z.ZodType<readonly MountReport[]> = z
  .array(
    z.object({
      Type: z.string(),
      Name: z.string().optional(),
      Destination: z.string(),
    }),
  )
  .nullish()
  .transform((it) => it ?? []);

const networks: z.ZodType<Readonly<Record<string, EndpointReport>>> = z
  .record(
    z.string(),
    z.object({
      EndpointID: z.string().default(""),
      IPAddress: z.string().default(""),
      GlobalIPv6Address: z.string().default(""),
    }),
  )
  .nullish()
  .transform((it) => it ?? {});

const portBindings: z.ZodType<PortBindings> = z
  .record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullable())
  .nullish()
  .transform((it) => it ?? {});

const entrySchema: z.ZodType<ContainerEntry> = z.object({
  Id: z.string(),
  Names: z
    .array(z.string())
    .nullish()
    .transform((it) => it ?? []),
  ImageID: z.string(),
  Created: z.number(),
  Labels: textMap,
  State: z.string(),
  Status: z.string(),
  Mounts: mounts,
  Ports: z
    .array(
      z.object({
        PublicPort: z.number().optional(),
        Type: z.string(),
        IP: z.string().optional(),
      }),
    )
    .nullish()
    .transform((it) => it ?? []),
  NetworkSettings: z
    .object({ Networks: networks })
    .nullish()
    .transform((it) => it ?? { Networks: {} }),
});

const reportSchema: z.ZodType<ContainerReport> = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  Mounts: mounts,
  RestartCount: z.number().default(0),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    Paused: z.boolean(),
    Restarting: z.boolean(),
    OOMKilled: z.boolean(),
    Dead: z.boolean(),
    ExitCode: z.number(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
    Health: z
      .object({
        Status: z.string(),
        Log: z
          .array(z.object({ Output: z.string() }))
          .nullish()
          .transform((it) => it ?? []),
      })
      .nullish(),
  }),
  Config: z.object({
    Image: z.string(),
    Labels: textMap,
    Tty: z.boolean().default(false),
  }),
  HostConfig: z.object({
    CpuShares: z.number().nullish(),
    Memory: z.number().nullish(),
    MemorySwap: z.number().nullish(),
    NanoCpus: z.number().nullish(),
    PidsLimit: z.number().nullish(),
    MemoryReservation: z.number().nullish(),
    CpuQuota: z.number().nullish(),
    CpuPeriod: z.number().nullish(),
    CpusetCpus: z.string().nullish(),
    CpusetMems: z.string().nullish(),
    BlkioWeight: z.number().nullish(),
    RestartPolicy: z.object({ Name: z.string() }).nullish(),
    NetworkMode: z.string().default(""),
    Mounts: z
      .array(z.object({ Type: z.string(), Source: z.string().default("") }))
      .nullish()
      .transform((it) => it ?? []),
    PortBindings: portBindings,
  }),
  NetworkSettings: z.object({
    Networks: networks,
    Ports: portBindings,
  }),
});

const imageSchema: z.ZodType<ImageReport> = z.object({
  Id: z.string(),
  RepoTags: z
    .array(z.string())
    .nullish()
    .transform((it) => it ?? []),
  RepoDigests: z
    .array(z.string())
    .nullish()
    .transform((it) => it ?? []),
  Config: z
    .object({
      Labels: textMap,
      Volumes: z
        .record(z.string(), z.unknown())
        .nullish()
        .transform((it) => Object.keys(it ?? {})),
    })
    .nullish()
    .transform((it) => it ?? { Labels: {}, Volumes: [] }),
});

const volumeSchema: z.ZodType<VolumeEntry> = z.object({
  Name: z.string(),
  Labels: textMap,
  CreatedAt: z.string().optional(),
});

const networkSchema: z.ZodType<NetworkEntry> = z.object({
  Id: z.string(),
  Name: z.string(),
  Labels: textMap,
});

/** Reads one line of a list of containers. @throws {z.ZodError} for what no engine answers. */
export function containerEntryOf(answer: unknown): ContainerEntry {
  return entrySchema.parse(answer);
}

/** Reads the inspection of a container. @throws {z.ZodError} for what no engine answers. */
export function containerReportOf(answer: unknown): ContainerReport {
  return reportSchema.parse(answer);
}

/** Reads the inspection of an image. @throws {z.ZodError} for what no engine answers. */
export function imageReportOf(answer: unknown): ImageReport {
  return imageSchema.parse(answer);
}

/** Reads one line of a list of networks. @throws {z.ZodError} for what no engine answers. */
export function networkEntryOf(answer: unknown): NetworkEntry {
  return networkSchema.parse(answer);
}

/** Reads one line of a list of volumes. @throws {z.ZodError} for what no engine answers. */
export function volumeEntryOf(answer: unknown): VolumeEntry {
  return volumeSchema.parse(answer);
}
