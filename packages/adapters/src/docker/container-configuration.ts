import { z } from "zod";
import type { ContainerChange } from "./docker-client.ts";
import type { ContainerReport } from "./docker-reports.ts";

/**
 * What the engine reports of a container that can be changed while it exists. 0: no limit, or the engine's own weight. What an engine cannot
 * hold a container to it reports otherwise than it was asked, so this is always compared with an earlier report, never with a request.
 */
export interface ContainerConfiguration {
  readonly memoryBytes: number;
  /** Memory and swap together; -1: without limit. */
  readonly memorySwapBytes: number;
  readonly cpuShares: number;
  readonly nanoCpus: number;
  readonly pidsLimit: number;
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
  memoryBytes: z.number(),
  memorySwapBytes: z.number(),
  cpuShares: z.number(),
  nanoCpus: z.number(),
  pidsLimit: z.number(),
  restartPolicy: z.string(),
  networks: z.array(z.string()),
});

/** The restart policy of every container made here: the engine of Persys alone starts and stops it. */
export const noRestart = "no";

/** What the engine reports of a container now. */
export function configurationOf(report: ContainerReport): ContainerConfiguration {
  const { HostConfig: host, NetworkSettings } = report;
  return {
    memoryBytes: host.Memory ?? 0,
    memorySwapBytes: host.MemorySwap ?? 0,
    cpuShares: host.CpuShares ?? 0,
    nanoCpus: host.NanoCpus ?? 0,
    pidsLimit: Math.max(host.PidsLimit ?? 0, 0),
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
  /** Undefined where the engine cannot go back to it: it takes 0 for "as it is". */
  readonly change: (should: ContainerConfiguration) => ContainerChange | undefined;
}

const limits: readonly Limit[] = [
  { key: "memoryBytes", what: "memory", change: memoryChange },
  { key: "memorySwapBytes", what: "memory with swap", change: memoryChange },
  {
    key: "cpuShares",
    what: "processor weight",
    change: ({ cpuShares }) => (cpuShares > 0 ? { CpuShares: cpuShares } : undefined),
  },
  {
    key: "nanoCpus",
    what: "processor time",
    change: ({ nanoCpus }) => (nanoCpus > 0 ? { NanoCpus: nanoCpus } : undefined),
  },
  {
    key: "pidsLimit",
    what: "number of processes",
    // -1 is "without limit" where 0 is "as it is".
    change: ({ pidsLimit }) => ({ PidsLimit: pidsLimit > 0 ? pidsLimit : -1 }),
  },
  {
    key: "restartPolicy",
    what: "restart policy",
    change: ({ restartPolicy: Name }) => ({ RestartPolicy: { Name } }),
  },
];

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
    .map(({ key, what, change }) => {
      const update = change(should);
      return {
        phrase: `${what} is ${said(is[key])} instead of ${said(should[key])}`,
        repair: update === undefined ? undefined : { kind: "update", change: update },
      };
    });
}

function said(value: number | string): string {
  return value === 0 ? "unlimited" : String(value);
}
