import { createHash } from "node:crypto";
import { AgentError } from "@persys/core";
import { configurationOf } from "./container-configuration.ts";
import type { DockerClient } from "./docker-client.ts";
import type { ContainerEntry, ContainerReport } from "./docker-reports.ts";
import { nameOf } from "./owned-containers.ts";

/** A container as a list shows it. */
interface Listed {
  readonly entry: ContainerEntry;
}

/** The containers of one workload by what they are for. */
interface ListedContainers {
  readonly current: Listed | undefined;
  readonly kept: Listed | undefined;
  readonly spare: readonly Listed[];
}

/** Containers that one list looks at, in turn: a list of the engine does not show them. */
const inspectedPerListMax = 8;
/** Inspections at a time. */
const inspectedAtOnce = 8;

interface Seen {
  /** Of what a list does not show. */
  readonly fingerprint: string;
  /** Grows with each look; the smallest is looked at next. */
  readonly turn: number;
}

/**
 * Tells from one list of containers whether anything changed. What a list shows is enough for state, health, name, network and which run it
 * is; limits it does not show, nor a run that began and ended since the list before. They are remembered from the last inspection, and every
 * list looks at a few in turn, so that also a change that no event told is seen, some lists later.
 */
export class Glances {
  readonly #client: Pick<DockerClient, "container">;
  readonly #seen = new Map<string, Seen>();
  #turn = 0;

  constructor(client: Pick<DockerClient, "container">) {
    this.#client = client;
  }

  /** Notes what an inspection showed. */
  note(report: ContainerReport): void {
    this.#turn += 1;
    this.#seen.set(report.Id, { fingerprint: fingerprintOf(report), turn: this.#turn });
  }

  /** A text that differs when the containers of a workload do in substance. */
  glanceOf({ current, kept, spare }: ListedContainers): string {
    const parts = [
      ...(current === undefined ? [] : [`current ${this.#partOf(current)}`]),
      ...(kept === undefined ? [] : [`kept ${this.#partOf(kept)}`]),
      ...spare.map((it) => `spare ${this.#partOf(it)}`),
    ];
    return shortened(parts.join("|"));
  }

  /** Inspects those that were never looked at, and some of the others; forgets those that are gone. */
  async look(all: Iterable<ListedContainers>, signal: AbortSignal): Promise<void> {
    const ids = [...all]
      .flatMap(({ current, kept, spare }) => [current, kept, ...spare])
      .flatMap((it) => (it === undefined ? [] : [it.entry.Id]));
    const existing = new Set(ids);
    for (const id of this.#seen.keys()) if (!existing.has(id)) this.#seen.delete(id);
    const unknown = ids.filter((it) => !this.#seen.has(it));
    const inTurn = ids
      .filter((it) => this.#seen.has(it))
      .toSorted((a, b) => this.#turnOf(a) - this.#turnOf(b))
      .slice(0, Math.max(0, inspectedPerListMax - unknown.length));
    const queue = [...unknown, ...inTurn].values();
    const workers = Array.from({ length: inspectedAtOnce }, async () => {
      for (const id of queue) {
        const report = await this.#reportOf(id, signal);
        if (report !== undefined) this.note(report);
      }
    });
    await Promise.all(workers);
  }

  /** One that cannot be inspected is one that cannot be inspected: its own observation tells. The others can be. */
  async #reportOf(id: string, signal: AbortSignal): Promise<ContainerReport | undefined> {
    try {
      return await this.#client.container(id, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) throw error;
      return undefined;
    }
  }

  #turnOf(containerId: string): number {
    return this.#seen.get(containerId)?.turn ?? 0;
  }

  #partOf({ entry }: Listed): string {
    const fingerprint = this.#seen.get(entry.Id)?.fingerprint ?? "";
    return [
      entry.Id.slice(0, 12),
      nameOf(entry),
      entry.State,
      remarkOf(entry),
      networksOf(entry),
      fingerprint,
    ].join(" ");
  }
}

/** What a status says in parentheses: an exit code, a health, a pause. The rest are times that go on. */
function remarkOf({ Status }: ContainerEntry): string {
  return /\(([^)]*)\)/.exec(Status)?.[1]?.replaceAll(" ", "-") ?? "";
}

/** Which networks, and which stay in each: another one after each start. */
function networksOf({ NetworkSettings }: ContainerEntry): string {
  return Object.entries(NetworkSettings.Networks)
    .map(([name, { EndpointID }]) => `${name}:${EndpointID.slice(0, 12)}`)
    .toSorted()
    .join(",");
}

/** Of the limits, and of which run it is: one that began and ended between two lists leaves no other trace in them. */
function fingerprintOf(report: ContainerReport): string {
  const { networks: _, ...limits } = configurationOf(report);
  return hashOf(JSON.stringify([limits, report.State.StartedAt])).slice(0, 12);
}

/** Longest glance; a longer one is told by its hash. */
const glanceCharsMax = 512;

function shortened(glance: string): string {
  return glance.length <= glanceCharsMax ? glance : hashOf(glance);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
