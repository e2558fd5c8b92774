import { AgentError } from "@persys/core";
import {
  configurationOf,
  configurationText,
  type ConfigurationRepair,
  driftBetween,
  parseConfiguration,
} from "../docker/container-configuration.ts";
import type { DockerClient } from "../docker/docker-client.ts";
import type { ContainerReport } from "../docker/docker-reports.ts";
import type { ContainerConfigurations, MadeRevision, ProjectState } from "./project-state.ts";
import type { SeenContainer } from "./service-verdict.ts";

/** One thing that was changed of a container since it was made. */
export interface ContainerDrift {
  readonly service: string;
  readonly containerId: string;
  /** Whether it runs: of one that has ended nothing is at stake. */
  readonly isLive: boolean;
  /** For people: `service web: memory is 128 MiB instead of 64 MiB`. */
  readonly phrase: string;
  /** Undefined: only another container is as it should be. */
  readonly repair: ConfigurationRepair | undefined;
}

/** What a project is held against. */
interface DriftGround {
  readonly configurations: ContainerConfigurations;
  readonly containers: readonly SeenContainer[];
}

/** How the mode of a container says that it is in the network of another. */
const inNetworkOf = "container:";

/**
 * What differs between containers and how they stood when our last `up` had ended. Of one that was not there then nothing is known: whether it
 * was made from something else, its hash tells.
 */
export function containerDrift(ground: DriftGround): readonly ContainerDrift[] {
  const ids = new Set(ground.containers.map(({ report }) => report.Id));
  return ground.containers.flatMap(({ service, report }) =>
    [...changesOf(report, ground.configurations), ...lostNetwork(report, ids)].map(
      ({ phrase, repair }) => ({
        service,
        containerId: report.Id,
        isLive: report.State.Running || report.State.Restarting,
        phrase: `service ${service}: ${phrase}`,
        repair,
      }),
    ),
  );
}

/**
 * Undoes in place what the engine can undo. Resolves with the services that run and of which something is left: those have to be made again.
 * @throws {AgentError} RUNTIME_UNAVAILABLE when the engine does not answer. The signal's reason when it aborts.
 */
export async function setRight(
  ground: DriftGround,
  client: Pick<DockerClient, "container" | "disconnect" | "update">,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const drifted = Map.groupBy(containerDrift(ground), (it) => it.containerId);
  const left = new Set<string>();
  for (const [id, all] of drifted) {
    for (const { repair } of all) await repaired(id, repair, client, signal);
    const report = await client.container(id, signal);
    const seen = ground.containers.find((it) => it.report.Id === id);
    if (report === undefined || seen === undefined) continue;
    const containers = ground.containers.map((it) => (it === seen ? { ...seen, report } : it));
    const after = containerDrift({ ...ground, containers });
    if (after.some((it) => it.containerId === id && it.isLive)) left.add(seen.service);
  }
  return [...left];
}

/** What is to be known of a project once an `up` has ended. */
export function knownAfterUp(
  after: readonly SeenContainer[],
  known: {
    readonly state: ProjectState;
    readonly made: MadeRevision;
    /** Containers that the command was to leave as they are. */
    readonly left: readonly SeenContainer[];
  },
): { readonly hashes: MadeRevision["hashes"]; readonly configurations: ContainerConfigurations } {
  const { state, made, left } = known;
  const before = new Set(left.map(({ report }) => report.Id));
  // What somebody had put there before stays told as that.
  const hashOf = ({ service, hash, report }: SeenContainer): string =>
    (before.has(report.Id) ? ownMember(made.hashes, service) : undefined) ?? hash;
  return {
    hashes: Object.fromEntries(after.map((it) => [it.service, hashOf(it)])),
    configurations: Object.fromEntries(
      after.map(({ report }) => [
        report.Id,
        ownMember(state.configurations ?? {}, report.Id) ??
          configurationText(configurationOf(report)),
      ]),
    ),
  };
}

interface Change {
  readonly phrase: string;
  readonly repair: ConfigurationRepair | undefined;
}

function changesOf(report: ContainerReport, known: ContainerConfigurations): readonly Change[] {
  const should = parseConfiguration(ownMember(known, report.Id));
  return should === undefined ? [] : driftBetween(should, configurationOf(report));
}

/** One that shares the network of another service has none once that was made again. */
function lostNetwork({ HostConfig }: ContainerReport, ids: ReadonlySet<string>): readonly Change[] {
  const { NetworkMode: mode } = HostConfig;
  if (!mode.startsWith(inNetworkOf) || ids.has(mode.slice(inNetworkOf.length))) return [];
  return [{ phrase: "the container whose network it shares is gone", repair: undefined }];
}

async function repaired(
  id: string,
  repair: ConfigurationRepair | undefined,
  client: Pick<DockerClient, "disconnect" | "update">,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (repair?.kind === "update" && isWhole(repair))
      await client.update(id, repair.change, signal);
    // To connect it is not enough: the names by which other services find it are compose's to give.
    if (repair?.kind === "disconnect") await client.disconnect(repair.network, id, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!AgentError.is(error) || AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) throw error;
    // The engine refuses: the look that follows shows what is left.
  }
}

/** After how many restarts `on-failure` gives up is not known here. */
function isWhole({ change }: Extract<ConfigurationRepair, { readonly kind: "update" }>): boolean {
  return change.RestartPolicy?.Name !== "on-failure";
}

function ownMember(members: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}
