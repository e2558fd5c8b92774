import type { WorkloadId } from "@persys/core";
import type { DomainCalls } from "./domain-calls.ts";
import { parseDefinition } from "./domain-definition.ts";
import { withOwnership } from "./domain-description.ts";
import type { SeenDomain } from "./seen-domain.ts";
import {
  type DomainOwnership,
  ownershipNamespace,
  ownershipPrefix,
  renderOwnership,
} from "./domain-ownership.ts";
import { isOtherState, unreadableDescription } from "./libvirt-errors.ts";
import type { OwnedDomains } from "./owned-domains.ts";
import {
  type Domain,
  domainMetadataType,
  domainModificationImpact,
  domainXmlFlags,
} from "./rpc/index.ts";

/** What marks are written with. */
export interface DomainMarkingContext {
  readonly calls: DomainCalls;
  readonly domains: OwnedDomains;
  readonly nodeId: string;
}

/** Writes definitions and the marks on them. Each write is one call of libvirt: whatever cuts it off, what is there is one of the two. */
export class DomainMarking {
  readonly #calls: DomainCalls;
  readonly #domains: OwnedDomains;
  readonly #nodeId: string;

  constructor({ calls, domains, nodeId }: DomainMarkingContext) {
    this.#calls = calls;
    this.#domains = domains;
    this.#nodeId = nodeId;
  }

  /** Defines a machine with its marks in the place of what has its UUID, and notes what came of it: drift is told from that. */
  async define(
    description: string,
    ownership: DomainOwnership,
    signal: AbortSignal,
  ): Promise<void> {
    const { id, current } = ownership;
    const bare = { ...ownership, current: current && { ...current, config: undefined } };
    const xml = withOwnership(description, bare);
    if (xml === undefined) throw unreadableDescription(id);
    const args = { xml, flags: 0 };
    const { dom } = await this.#calls.call(id, "domainDefineXmlFlags", { args, signal });
    this.#domains.forget(dom.uuid);
    if (current === undefined) return;
    const config = await this.configOf(id, dom, signal);
    await this.mark(dom, { ...ownership, current: { ...current, config } }, signal);
  }

  /** The digest of a definition as it is now. */
  async configOf(id: WorkloadId, dom: Domain, signal: AbortSignal): Promise<string> {
    const args = { dom, flags: domainXmlFlags.inactive };
    const { xml } = await this.#calls.call(id, "domainGetXmlDesc", { args, signal });
    const definition = parseDefinition(xml, this.#nodeId);
    if (definition === undefined) throw unreadableDescription(id);
    return definition.digest;
  }

  /** Changes the marks alone: on the definition, and on the run's copy of it, which is all there is where somebody removes the definition. */
  async mark(dom: Domain, ownership: DomainOwnership, signal: AbortSignal): Promise<void> {
    const { config, live } = domainModificationImpact;
    try {
      await this.#set(dom, { ownership, flags: config + live }, signal);
    } catch (error) {
      // It does not run.
      if (!isOtherState(error)) throw error;
      await this.#set(dom, { ownership, flags: config }, signal);
    }
    this.#domains.forget(dom.uuid);
  }

  /** Keeps libvirt from starting a machine by itself. */
  async startByUsAlone(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const args = { dom: domOf(seen), autostart: 0 };
    await this.#calls.call(seen.ownership.id, "domainSetAutostart", { args, signal });
    this.#domains.forget(seen.uuid);
  }

  /** Names a machine, which is down, by its workload. */
  async rename(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { id } = seen.ownership;
    const args = { dom: domOf(seen), newName: id, flags: 0 };
    await this.#calls.call(id, "domainRename", { args, signal });
    this.#domains.forget(seen.uuid);
  }

  async #set(
    dom: Domain,
    { ownership, flags }: { readonly ownership: DomainOwnership; readonly flags: number },
    signal: AbortSignal,
  ): Promise<void> {
    const args = {
      dom,
      type: domainMetadataType.element,
      metadata: renderOwnership(ownership),
      key: ownershipPrefix,
      uri: ownershipNamespace,
      flags,
    };
    await this.#calls.call(ownership.id, "domainSetMetadata", { args, signal });
  }
}

/** A domain as calls name it. */
export function domOf({ name, uuid, domainId }: SeenDomain): Domain {
  return { name, uuid, id: domainId };
}
