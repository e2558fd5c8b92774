import { AgentError, type WorkloadId } from "@persys/core";
import type { DomainCalls } from "./domain-calls.ts";
import { parseDefinition } from "./domain-definition.ts";
import { isMissingDomain, unreadableDescription } from "./libvirt-errors.ts";
import type { Domain } from "./rpc/index.ts";

/** Machines that are not ours, where they are in the way of one that is. */
export class DomainStrangers {
  readonly #calls: DomainCalls;
  readonly #nodeId: string;

  constructor(calls: DomainCalls, nodeId: string) {
    this.#calls = calls;
    this.#nodeId = nodeId;
  }

  /** Refuses to make a machine where another has its name. @throws {AgentError} NAME_CONFLICT */
  async refuseName(id: WorkloadId, signal: AbortSignal): Promise<void> {
    try {
      await this.#calls.call(id, "domainLookupByName", { args: { name: id }, signal });
    } catch (error) {
      if (isMissingDomain(error)) return;
      throw error;
    }
    throw new AgentError("NAME_CONFLICT", `a machine named ${id} is there that is not ours`, {
      effect: "none",
      retryable: true,
    });
  }

  /**
   * Refuses to go on where a machine uses one of these disks of a workload: one whose marks somebody has removed runs on, under whatever name, and needs
   * them. @throws {AgentError} NAME_CONFLICT
   */
  async refuseDisks(id: WorkloadId, disks: readonly string[], signal: AbortSignal): Promise<void> {
    if (disks.length === 0) return;
    const { domains } = await this.#calls.call(id, "connectListAllDomains", {
      args: { needResults: 1, flags: 0 },
      signal,
    });
    for (const dom of domains) {
      const xml = await this.#descriptionOf(id, dom, signal);
      if (xml === undefined) continue;
      const definition = parseDefinition(xml, this.#nodeId);
      if (definition === undefined) throw unreadableDescription(dom.name);
      const used = definition.disks.find((it) => disks.includes(it.path));
      if (used === undefined) continue;
      throw new AgentError(
        "NAME_CONFLICT",
        `the machine ${dom.name}, which is not ours, uses the disk ${used.path}`,
        { effect: "none", retryable: true },
      );
    }
  }

  /** What a machine runs as, or would; undefined where it has gone meanwhile. */
  async #descriptionOf(
    id: WorkloadId,
    dom: Domain,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      const args = { dom, flags: 0 };
      return (await this.#calls.call(id, "domainGetXmlDesc", { args, signal })).xml;
    } catch (error) {
      if (isMissingDomain(error)) return undefined;
      throw error;
    }
  }
}
