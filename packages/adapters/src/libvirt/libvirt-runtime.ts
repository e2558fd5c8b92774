import {
  type Demands,
  failureOf,
  type Glance,
  type Json,
  type LogChunk,
  type LogOptions,
  type Observation,
  type Parsed,
  type ParsedSpec,
  type Progress,
  type RuntimeCapabilities,
  type RuntimeEvent,
  type RuntimeHealth,
  type SpecDigest,
  type Target,
  type TargetName,
  type UsageSnapshot,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";
import { AddressWatch } from "./address-watch.ts";
import { type FindConsole, readConsole } from "./console-logs.ts";
import { DhcpHosts } from "./dhcp-hosts.ts";
import { DhcpLeases } from "./dhcp-leases.ts";
import { diskErrorsOf } from "./disk-errors.ts";
import { DomainAddresses } from "./domain-addresses.ts";
import { DomainCalls } from "./domain-calls.ts";
import { DomainEvents } from "./domain-events.ts";
import { domOf } from "./domain-marking.ts";
import { glanceOf, observationOf } from "./domain-observation.ts";
import { isDown, type SeenDomain } from "./seen-domain.ts";
import { DomainOperations } from "./domain-operations.ts";
import { DomainUsage } from "./domain-usage.ts";
import { HypervisorHost } from "./hypervisor-host.ts";
import { vmError } from "./libvirt-errors.ts";
import {
  type LibvirtRuntimeOptions,
  resolveLibvirtOptions,
  type ResolvedLibvirtOptions,
} from "./libvirt-options.ts";
import { OwnedDomains } from "./owned-domains.ts";
import { redactVmSpec } from "./redact-vm-spec.ts";
import { domainPausedReason, domainState, LibvirtClient } from "./rpc/index.ts";
import { SharedLook } from "./shared-look.ts";
import { vmDemands } from "./vm-demands.ts";
import { VmFiles } from "./vm-files.ts";
import { VmFolders } from "./vm-folders.ts";
import { specOf, VmMachines } from "./vm-machines.ts";
import { prepareMachine } from "./vm-prepare.ts";
import { parseVmSpec } from "./vm-spec.ts";

/**
 * Runs workloads as virtual machines of libvirt. Its domains with their metadata are the only state, and a folder for each machine's files: an
 * agent that comes later finds everything there. Machines run on while libvirt's daemon or the agent is away, and libvirt restarts none by itself.
 */
export class LibvirtRuntime implements WorkloadRuntime {
  readonly type = "vm";
  readonly capabilities: RuntimeCapabilities = { events: true, logs: true, usage: true };
  readonly #options: ResolvedLibvirtOptions;
  readonly #client: LibvirtClient;
  readonly #calls: DomainCalls;
  readonly #domains: OwnedDomains;
  readonly #host: HypervisorHost;
  readonly #folders: VmFolders;
  readonly #files: VmFiles;
  readonly #machines: VmMachines;
  readonly #operations: DomainOperations;
  readonly #addresses: DomainAddresses;
  readonly #watch: AddressWatch;
  readonly #events: DomainEvents;
  readonly #usage: DomainUsage;
  /** The engine asks for many machines at once, and so do those who follow consoles. */
  readonly #looks: SharedLook<ReadonlyMap<WorkloadId, SeenDomain>>;

  /** Connects to nothing yet: libvirt's daemon may come later. @throws {RangeError} for a URI that is not understood. */
  constructor(options: LibvirtRuntimeOptions) {
    this.#options = resolveLibvirtOptions(options);
    const { endpoint, folder, hypervisor, logger, nodeId } = this.#options;
    const client = new LibvirtClient(endpoint);
    this.#client = client;
    this.#calls = new DomainCalls(client);
    this.#domains = new OwnedDomains(client, nodeId);
    this.#host = new HypervisorHost(client, this.#options.accelerator, hypervisor.facts);
    this.#folders = new VmFolders(folder);
    const shared = { connection: client, host: this.#host, folders: this.#folders };
    this.#machines = new VmMachines({ ...this.#options, ...shared });
    const networking = { calls: this.#calls, host: this.#host, logger };
    const parts = {
      machines: this.#machines,
      dhcpHosts: new DhcpHosts(networking),
      dhcpLeases: new DhcpLeases(networking),
    };
    this.#files = new VmFiles({ ...this.#options, ...shared, ...parts });
    this.#operations = new DomainOperations({
      calls: this.#calls,
      domains: this.#domains,
      nodeId,
      flags: hypervisor.flags,
      files: this.#files,
      describe: async (target, making, signal) => {
        const machine = await this.#machines.machineOf(target, signal, making);
        const { describe } = hypervisor;
        await this.#files.keepSecrets(target, machine, { ...making, describe });
        return describe(machine);
      },
    });
    this.#addresses = new DomainAddresses(shared);
    this.#watch = new AddressWatch({ addresses: this.#addresses, domains: this.#domains, logger });
    this.#events = new DomainEvents({
      connection: client,
      domains: this.#domains,
      addresses: this.#watch,
      logger,
    });
    this.#usage = new DomainUsage(client);
    this.#looks = new SharedLook((signal) => this.#look(signal));
  }

  parseSpec(input: unknown): Parsed<ParsedSpec> {
    return parseVmSpec(input);
  }

  redactSpec(spec: Json): Json {
    return redactVmSpec(spec);
  }

  async demands(spec: Json, signal: AbortSignal, of?: TargetName): Promise<Demands> {
    const sent = specOf({ spec });
    return guarded("see what a machine demands", signal, async () => {
      const demands = await vmDemands(
        sent,
        {
          ...this.#options,
          networkNames: async (asking) => new Set((await this.#host.networks(asking)).keys()),
        },
        signal,
      );
      // What is named now is judged now: the machine that is made of it stands on no other bridge.
      if (of !== undefined)
        this.#machines.keepTo(
          of.id,
          (demands.bridges ?? []).map(({ name }) => name),
        );
      return demands;
    });
  }

  async probe(signal: AbortSignal): Promise<RuntimeHealth> {
    try {
      const version = await this.#host.version(signal);
      const { accelerator } = await this.#host.facts(signal);
      return { healthy: true, version: `${version}, ${accelerator}` };
    } catch (error) {
      signal.throwIfAborted();
      return { healthy: false, failure: failureOf(vmError(error, "reach libvirt"), Date.now()) };
    }
  }

  async list(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, Glance>> {
    return guarded("list machines", signal, async () => {
      const all = await this.#looks.see(signal);
      return new Map([...all].map(([id, it]) => [id, glanceOf(it, this.#addressesOf(it))]));
    });
  }

  async observe(id: WorkloadId, signal: AbortSignal): Promise<Observation> {
    signal.throwIfAborted();
    try {
      const seen = (await this.#looks.see(signal)).get(id);
      if (seen === undefined) return { kind: "absent" };
      const facts = await this.#factsOf(seen, signal);
      return observationOf(seen, { ...this.#addressesOf(seen), facts });
    } catch (error) {
      signal.throwIfAborted();
      const failure = failureOf(vmError(error, `look at the machine ${id}`), Date.now());
      return { kind: "unreadable", failure };
    }
  }

  async prepare(target: Target, signal: AbortSignal, progress: Progress): Promise<void> {
    const parts = {
      host: this.#host,
      machines: this.#machines,
      files: this.#files,
      operations: this.#operations,
    };
    await guarded("prepare a machine", signal, () =>
      prepareMachine(target, parts, { signal, progress }),
    );
  }

  async start(target: Target, signal: AbortSignal): Promise<void> {
    await guarded("start a machine", signal, () =>
      this.#operations.makeCurrent(target, { setsRight: false, signal }),
    );
  }

  async replace(target: Target, signal: AbortSignal): Promise<void> {
    await guarded("replace a machine", signal, () =>
      this.#operations.makeCurrent(target, { setsRight: true, signal }),
    );
  }

  async retire(
    id: WorkloadId,
    keepDigests: readonly SpecDigest[],
    signal: AbortSignal,
  ): Promise<void> {
    await guarded("forget a machine's former revision", signal, async () => {
      await this.#operations.retire(id, signal);
      const seen = (await this.#domains.all(signal)).get(id);
      await this.#files.tidy(id, seen, keepDigests);
    });
  }

  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await guarded("restore a machine", signal, () => this.#operations.restore(id, signal));
  }

  async stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    await guarded("stop a machine", signal, () => this.#operations.stop(id, graceMs, signal));
  }

  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await guarded("remove a machine", signal, () => this.#operations.remove(id, signal));
    this.#machines.forget(id);
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return this.#events.events(signal);
  }

  logs(id: WorkloadId, options: LogOptions, signal: AbortSignal): AsyncIterable<LogChunk> {
    const find: FindConsole = (asking, maxAgeMs) => this.#consoleOf(id, asking, maxAgeMs);
    return readConsole(id, find, { options, signal });
  }

  async usage(
    ids: readonly WorkloadId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<WorkloadId, UsageSnapshot>> {
    return guarded("measure machines", signal, async () => {
      const all = await this.#domains.all(signal);
      this.#usage.forget((id) => all.has(id));
      const running = new Map<WorkloadId, SeenDomain>();
      for (const id of ids) {
        const seen = all.get(id);
        if (seen !== undefined && !isDown(seen)) running.set(id, seen);
      }
      return this.#usage.measure(running, signal);
    });
  }

  /** Ends all connections to libvirt; machines run on. Streams of events end by their signals. May be repeated. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** All machines of this node. While nobody follows events, addresses are looked for with each look. */
  async #look(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, SeenDomain>> {
    const all = await this.#domains.all(signal);
    if (!this.#watch.isWatching) await this.#addresses.refresh(all, signal);
    return all;
  }

  #addressesOf(seen: SeenDomain): { readonly addresses: readonly string[] } {
    return { addresses: this.#addresses.addressesOf(seen) };
  }

  async #factsOf(seen: SeenDomain, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const isFailing =
      seen.state === domainState.paused && seen.reason === domainPausedReason.ioerror;
    const { id } = seen.ownership;
    const errors = isFailing
      ? await diskErrorsOf(this.#calls, { id, dom: domOf(seen) }, signal)
      : "";
    const { failure } = this.#addresses;
    return {
      ...(errors === "" ? {} : { "vm.disk_errors": errors }),
      ...(failure === "" ? {} : { "vm.network_lookup_error": failure }),
    };
  }

  async #consoleOf(
    id: WorkloadId,
    signal: AbortSignal,
    maxAgeMs: number,
  ): Promise<{ readonly path: string } | undefined> {
    return guarded("look for a machine's console", signal, async () => {
      const seen = (await this.#looks.see(signal, maxAgeMs)).get(id);
      const instance = seen?.ownership.current?.instance;
      if (seen === undefined || instance === undefined) return undefined;
      const path =
        (seen.running ?? seen.definition).consoleLog ?? this.#folders.consoleLogOf(id, instance);
      return { path };
    });
  }
}

/** Runs `work`; what it throws becomes an AgentError, but for the signal's reason. */
async function guarded<T>(doing: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw vmError(error, doing);
  }
}
