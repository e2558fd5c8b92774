import { z } from "zod";
import type { ContainerChange } from "./docker-client.ts";
import type { ContainerReport } from "./docker-reports.ts";

/**
 * What the engine reports of a container that can be changed while it exists. 0: no limit, or the engine's own weight. What an engine cannot
 * hold a container to it reports otherwise than it was asked, so this is always compared with an earlier report, never with a request.
 */
export interface ContainerConfiguration {
  /** The id of the image it is made of. */
  readonly image: string;
  readonly memoryBytes: number;
  /** Memory and swap together; -1: without limit. */
  readonly memorySwapBytes: number;
  readonly cpuShares: number;
  readonly nanoCpus: number;
  readonly pidsLimit: number;
  /** Containers do not ask for this, nor for what follows; services of compose applications may. */
  readonly memoryReservationBytes: number;
  readonly cpuQuotaMicros: number;
  readonly cpuPeriodMicros: number;
  /** Which processors, such as `0-1`; empty: all. */
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
  readonly blkioWeight: number;
  readonly restartPolicy: string;
  /** Names, in order. */
  readonly networks: readonly string[];
}

/** One thing that differs, and what it takes to set it right. */
export interface ConfigurationDrift {
  /** For people: `memory is 128 MiB instead of 64 MiB`. */
  readonly phrase: string;
  /** Undefined: only another container is as it should be. */
  readonly repair: ConfigurationRepair | undefined;
}

/** A change of a container that exists. */
export type ConfigurationRepair =
  | { readonly kind: "update"; readonly change: ContainerChange }
  | { readonly kind: "rename"; readonly name: string }
  | { readonly kind: "connect" | "disconnect"; readonly network: string };

const schema: z.ZodType<ContainerConfiguration> = z.object({
  image: z.string(),
  memoryBytes: z.number(),
  memorySwapBytes: z.number(),
  cpuShares: z.number(),
  nanoCpus: z.number(),
  pidsLimit: z.number(),
  memoryReservationBytes: z.number(),
  cpuQuotaMicros: z.number(),
  cpuPeriodMicros: z.number(),
  cpusetCpus: z.string(),
  cpusetMems: z.string(),
  blkioWeight: z.number(),
  restartPolicy: z.string(),
  networks: z.array(z.string()),
});

/** The restart policy of every container made here: the engine of Persys alone starts and stops it. */
export const noRestart = "no";

/** What the engine reports of a container now. */
export function configurationOf(report: ContainerReport): ContainerConfiguration {
  const { HostConfig: host, NetworkSettings } = report;
  return {
    image: report.Image,
    memoryBytes: host.Memory ?? 0,
    memorySwapBytes: host.MemorySwap ?? 0,
    cpuShares: host.CpuShares ?? 0,
    nanoCpus: host.NanoCpus ?? 0,
    // Here -1 is "without limit" as well.
    pidsLimit: Math.max(host.PidsLimit ?? 0, 0),
    memoryReservationBytes: Math.max(host.MemoryReservation ?? 0, 0),
    cpuQuotaMicros: Math.max(host.CpuQuota ?? 0, 0),
    cpuPeriodMicros: host.CpuPeriod ?? 0,
    cpusetCpus: host.CpusetCpus ?? "",
    cpusetMems: host.CpusetMems ?? "",
    blkioWeight: host.BlkioWeight ?? 0,
    // Engines say both for a container that is never restarted.
    restartPolicy: host.RestartPolicy?.Name || noRestart,
    networks: Object.keys(NetworkSettings.Networks).toSorted(),
  };
}

/** A configuration as a label carries it. */
export function configurationText(configuration: ContainerConfiguration): string {
  return JSON.stringify(configuration);
}

/** What a label says; undefined when it says nothing that is understood. */
export function parseConfiguration(text: string | undefined): ContainerConfiguration | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // Not JSON: nobody's label, and no drift to be told from it.
  }
}

/** What differs between what a container should be and what it is. */
export function driftBetween(
  should: ContainerConfiguration,
  is: ContainerConfiguration,
): readonly ConfigurationDrift[] {
  return [
    ...limitDrift(should, is),
    ...should.networks
      .filter((it) => !is.networks.includes(it))
      .map((network) => ({
        phrase: `not in network ${network}`,
        repair: { kind: "connect", network } as const,
      })),
    ...is.networks
      .filter((it) => !should.networks.includes(it))
      .map((network) => ({
        phrase: `in network ${network} as well`,
        repair: { kind: "disconnect", network } as const,
      })),
  ];
}

interface Limit {
  readonly key: Exclude<keyof ContainerConfiguration, "networks">;
  readonly what: string;
  readonly say: (value: number | string) => string;
  /** Undefined where the engine cannot go back to it: it takes 0 for "as it is". */
  readonly change?: (should: ContainerConfiguration) => ContainerChange | undefined;
}

const limits: readonly Limit[] = [
  { key: "image", what: "image", say: String },
  { key: "memoryBytes", what: "memory", say: memoryText, change: memoryChange },
  { key: "memorySwapBytes", what: "memory with swap", say: memoryText, change: memoryChange },
  {
    key: "cpuShares",
    what: "processor weight",
    say: choiceText,
    change: ({ cpuShares }) => (cpuShares > 0 ? { CpuShares: cpuShares } : undefined),
  },
  {
    key: "nanoCpus",
    what: "number of processors",
    say: (value) => (Number(value) === 0 ? "unlimited" : String(Number(value) / nanosPerCpu)),
    change: ({ nanoCpus }) => (nanoCpus > 0 ? { NanoCpus: nanoCpus } : undefined),
  },
  {
    key: "pidsLimit",
    what: "number of processes",
    say: countText,
    // -1 is "without limit" where 0 is "as it is".
    change: ({ pidsLimit }) => ({ PidsLimit: pidsLimit > 0 ? pidsLimit : -1 }),
  },
  {
    key: "memoryReservationBytes",
    what: "reserved memory",
    say: memoryText,
    change: ({ memoryReservationBytes: it }) => ({ MemoryReservation: it > 0 ? it : -1 }),
  },
  {
    key: "cpuQuotaMicros",
    what: "processor quota",
    say: countText,
    change: ({ cpuQuotaMicros: it }) => ({ CpuQuota: it > 0 ? it : -1 }),
  },
  { key: "cpuPeriodMicros", what: "processor period", say: choiceText },
  { key: "cpusetCpus", what: "set of processors", say: choiceText },
  { key: "cpusetMems", what: "set of memory nodes", say: choiceText },
  { key: "blkioWeight", what: "disk weight", say: choiceText },
  {
    key: "restartPolicy",
    what: "restart policy",
    say: String,
    change: ({ restartPolicy: Name }) => ({ RestartPolicy: { Name } }),
  },
];

const nanosPerCpu = 1_000_000_000;
const bytesPerMib = 1_048_576;

function memoryChange(should: ContainerConfiguration): ContainerChange | undefined {
  const { memoryBytes, memorySwapBytes } = should;
  if (memoryBytes <= 0 || memorySwapBytes === 0) return undefined;
  return { Memory: memoryBytes, MemorySwap: memorySwapBytes };
}

function limitDrift(
  should: ContainerConfiguration,
  is: ContainerConfiguration,
): readonly ConfigurationDrift[] {
  return limits
    .filter(({ key }) => should[key] !== is[key])
    .map(({ key, what, say, change }) => {
      const update = change?.(should);
      return {
        phrase: `${what} is ${say(is[key])} instead of ${say(should[key])}`,
        repair: update === undefined ? undefined : { kind: "update", change: update },
      };
    });
}

function countText(value: number | string): string {
  return value === 0 ? "unlimited" : String(value);
}

function choiceText(value: number | string): string {
  return value === 0 || value === "" ? "the default" : String(value);
}

function memoryText(value: number | string): string {
  if (Number(value) <= 0) return "unlimited";
  return `${Number((Number(value) / bytesPerMib).toFixed(1))} MiB`;
}
