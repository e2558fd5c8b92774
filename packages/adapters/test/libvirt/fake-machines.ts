import { randomUUID } from "node:crypto";
import { currentInstance, type Instance, type Observation, type Target } from "@persys/core";
import { DomainCalls } from "../../src/libvirt/domain-calls.ts";
import { observationOf } from "../../src/libvirt/domain-observation.ts";
import { DomainOperations } from "../../src/libvirt/domain-operations.ts";
import type { MachineFiles } from "../../src/libvirt/machine-files.ts";
import type { MachineMaking } from "../../src/libvirt/machine-making.ts";
import { machineUuid } from "../../src/libvirt/machine-names.ts";
import { OwnedDomains } from "../../src/libvirt/owned-domains.ts";
import type {
  LibvirtClient,
  LibvirtConnection,
  ProcedureName,
} from "../../src/libvirt/rpc/index.ts";
import type { SeenDomain } from "../../src/libvirt/seen-domain.ts";
import { element, renderXml } from "../../src/libvirt/xml.ts";
import { DomainOutsider } from "./domain-outsider.ts";
import { fakeHypervisor } from "./fake-hypervisor.ts";
import { MortalConnection } from "./mortal-connection.ts";
import { aTarget, workloadId } from "./targets.ts";

const { signal } = new AbortController();
const nodeId = "node";

/** What a machine is given, and what it has to be started for to have another of. */
export interface FakeSpec {
  readonly vcpus?: number;
  readonly vcpusMax?: number;
  readonly body?: string;
}

/** The life of one machine at the hypervisor in the daemon's memory, with files that are in memory too. */
export class FakeMachines {
  readonly client: LibvirtClient = fakeHypervisor();
  readonly outsider: DomainOutsider = new DomainOutsider(this.client);
  readonly id = workloadId(`fm-${randomUUID()}`);
  /** The disks that were made for the machine. */
  readonly disks: string[] = [];
  /** The file of the variables of its firmware, where it has none yet. */
  variablesPath = `/vm/${this.id}.fd`;
  /** The flag by which a machine is started that must not take up memory that was saved of it. */
  startAnew = 0;
  /** How the domains of the node are looked at. */
  domains = new OwnedDomains(this.client, nodeId);
  readonly #specs = new Map<string, FakeSpec>();
  readonly #bodies = new Map<string, string>();
  readonly #files: MachineFiles = {
    assertPrepared: async () => {},
    makePlace: async () => {},
    grow: async () => {},
    withSecrets: async (_id, _instance, xml) => xml,
    isResized: async (_id, one, other) => this.#bodies.get(one) === this.#bodies.get(other),
    disksOf: async () => this.disks,
    removeDisks: async () => {},
    removeRest: async () => {},
  };

  /** A machine of nothing yet. The hypervisor lasts as long as somebody is connected. */
  static async open(): Promise<FakeMachines> {
    const machines = new FakeMachines();
    await machines.client.call("connectGetHostname", undefined, { signal });
    return machines;
  }

  revision(revisionId: string, spec: FakeSpec = {}): Target {
    this.#specs.set(revisionId, spec);
    const { id } = this;
    return aTarget({ id, revisionId, specDigest: `digest-${revisionId}`, stopGraceMs: 2_000 });
  }

  operations(connection: Pick<LibvirtConnection, "call"> = this.client): DomainOperations {
    return new DomainOperations({
      calls: new DomainCalls(connection),
      domains: this.domains,
      nodeId,
      describe: (target, making) => this.#describe(target, making),
      flags: { shutdown: 0, startAnew: this.startAnew, undefine: 3 },
      files: this.#files,
    });
  }

  async replace(target: Target, by: DomainOperations = this.operations()): Promise<void> {
    await by.makeCurrent(target, { setsRight: true, signal });
  }

  /** As {@link replace} by an agent that is killed after so many calls that change something. */
  async replaceCutOff(target: Target, calls: number): Promise<void> {
    const mortal = new MortalConnection(this.client, calls);
    await this.replace(target, this.operations(mortal)).catch((error: unknown) => {
      if (!mortal.isDead) throw error;
    });
  }

  /** A connection by which somebody does something before the first call of that name. */
  with(name: ProcedureName, act: () => Promise<void>): Pick<LibvirtConnection, "call"> {
    let isDone = false;
    return {
      call: async (called, args, how) => {
        if (called === name && !isDone) {
          isDone = true;
          await act();
        }
        return this.client.call(called, args, how);
      },
    };
  }

  /** @throws where there is none */
  async seen(): Promise<SeenDomain> {
    const seen = (await this.domains.all(signal)).get(this.id);
    if (seen === undefined) throw new Error("no machine is there");
    return seen;
  }

  async look(): Promise<Observation> {
    return observationOf(await this.seen());
  }

  /** @throws where there is none */
  async current(): Promise<Instance> {
    const found = currentInstance(await this.look());
    if (found === undefined) throw new Error("nothing is there");
    return found;
  }

  /** libvirt's number of what runs. */
  async number(): Promise<number> {
    return (await this.outsider.dom(this.id)).id;
  }

  async #describe(target: Target, making: MachineMaking): Promise<string> {
    const spec = this.#specs.get(target.revisionId) ?? {};
    const { body = "", vcpus = 1, vcpusMax = vcpus } = spec;
    const { hasRun, instance, variablesPath = this.variablesPath } = making;
    if (!hasRun) this.#bodies.set(instance, body);
    return renderXml(
      element("domain", { type: "test" }, [
        element("name", {}, target.id),
        element("uuid", {}, machineUuid(target, nodeId)),
        element("memory", { unit: "MiB" }, "64"),
        element("vcpu", { current: vcpus }, String(vcpusMax)),
        element("os", {}, [
          element("type", {}, "hvm"),
          element("loader", { readonly: "yes", type: "pflash" }, "/usr/CODE.fd"),
          element("nvram", {}, variablesPath),
        ]),
      ]),
    );
  }
}
