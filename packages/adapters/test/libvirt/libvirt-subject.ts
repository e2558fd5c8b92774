import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import type { RuntimeSubject, RuntimeSubjectSpecs } from "@persys/conformance";
import { sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import {
  type DomainOwnership,
  marksFor,
  ownershipElement,
} from "../../src/libvirt/domain-ownership.ts";
import type { Hypervisor } from "../../src/libvirt/hypervisor.ts";
import { LibvirtRuntime } from "../../src/libvirt/libvirt-runtime.ts";
import { element, renderXml, type XmlElement } from "../../src/libvirt/xml.ts";
import { DomainOutsider } from "./domain-outsider.ts";
import { clientOf } from "./fake-hypervisor.ts";
import { LibvirtGate } from "./libvirt-gate.ts";
import { aTarget, workloadId } from "./targets.ts";

/** Which hypervisor of the shared daemon, and what it can. */
export interface SubjectHypervisor {
  /** `qemu:///system`. */
  readonly name: string;
  /** Undefined: as QEMU is spoken to. */
  readonly hypervisor?: Hypervisor;
  readonly specs: RuntimeSubjectSpecs;
  /** What only this one can. */
  readonly more: Partial<RuntimeSubject>;
}

/** The runtime of machines under a node id of its own, behind a gate that can be closed, for the contract of runtimes. */
export async function libvirtSubject(of: SubjectHypervisor): Promise<RuntimeSubject> {
  const nodeId = `kit-${randomUUID()}`;
  const prefix = `k${nodeId.slice(4, 12)}`;
  const root = await mkdtemp("/tmp/persys-vk-");
  const gate = await LibvirtGate.before(sharedLibvirtUri());
  const client = clientOf(of.name);
  const outsider = new DomainOutsider(client);
  // The hypervisor in the daemon's memory lasts as long as somebody is connected.
  await outsider.names(prefix);
  const opened: LibvirtRuntime[] = [];
  const open = (uri: string): LibvirtRuntime => {
    const { hypervisor } = of;
    const folders = { folder: `${root}/vm`, diskFolder: `${root}/disks` };
    const runtime = new LibvirtRuntime({
      nodeId,
      uri,
      ...folders,
      ...(hypervisor === undefined ? {} : { hypervisor }),
    });
    opened.push(runtime);
    return runtime;
  };
  const directUri = sharedLibvirtUri().replace(/^.*\?/, `${of.name.replace(":", "+unix:")}?`);
  const strangers = new Map<string, string>();
  const add = async (name: string, metadata?: XmlElement): Promise<void> => {
    const dom = await outsider.define(strangeMachine(of, name, metadata));
    strangers.set(name, dom.uuid);
    await outsider.start(name);
  };
  const isIntact = async (): Promise<boolean> => {
    for (const [name, uuid] of strangers)
      if ((await outsider.dom(name)).uuid !== uuid || !(await outsider.isRunning(name)))
        return false;
    return true;
  };
  return {
    runtime: open(gate.uriOf(of.name)),
    idPrefix: prefix,
    specs: of.specs,
    forgetsKeptExits: true,
    losesKeptWithCurrent: true,
    killBehind: (id) => outsider.kill(id),
    removeBehind: (id) => outsider.remove(id),
    pauseBehind: (id) => outsider.pause(id),
    startBehind: (id) => outsider.start(id),
    driftBehind: (id) => outsider.edit(id),
    reopen: async () => open(directUri),
    stranger: { add: (id) => add(id), isIntact },
    lookAlikes: {
      add: async (id) => {
        for (const [at, marks] of lookAlikes(nodeId, id).entries()) await add(`${id}-${at}`, marks);
      },
      isIntact,
    },
    cutOff: () => gate.cut(),
    stall: async () => gate.stall(),
    rejoin: () => gate.open(),
    leftovers: async () => {
      const domains = (await outsider.names(prefix)).filter((it) => !strangers.has(it));
      const files = await readdir(root, { recursive: true, withFileTypes: true });
      return [...domains, ...files.flatMap((it) => (it.isFile() ? [it.name] : []))];
    },
    ...of.more,
    dispose: async () => {
      for (const name of await outsider.names(prefix)) await outsider.remove(name);
      for (const runtime of opened) await runtime.close();
      await client.close();
      await gate.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A machine of somebody else, with something among its metadata. */
function strangeMachine(
  { hypervisor, name: uri }: SubjectHypervisor,
  name: string,
  metadata: XmlElement | undefined,
): string {
  const type = hypervisor === undefined ? "qemu" : uri.replace(/:.*$/, "");
  return renderXml(
    element("domain", { type }, [
      element("name", {}, name),
      element("uuid", {}, randomUUID()),
      metadata === undefined ? undefined : element("metadata", {}, [metadata]),
      element("memory", { unit: "MiB" }, "16"),
      element("vcpu", {}, "1"),
      element("os", {}, [element("type", {}, "hvm")]),
    ]),
  );
}

/** Our marks, each time with one of them missing, those of another node, and a copy of all, as who copies a machine copies them along. */
function lookAlikes(nodeId: string, name: string): readonly XmlElement[] {
  const id = workloadId(name);
  const current = marksFor(aTarget({ id }), "instance");
  const whole: DomainOwnership = { id, nodeId, current, kept: undefined, former: undefined };
  const without = (mark: string): XmlElement => {
    const strip = (it: XmlElement): XmlElement => ({
      ...it,
      attributes: new Map([...it.attributes].filter(([key]) => key !== mark)),
      children: it.children.map(strip),
    });
    return strip(ownershipElement(whole));
  };
  const lacking = ["id", "node", "uid", "revision", "digest", "instance"].map(without);
  const others = ownershipElement({ ...whole, nodeId: `${nodeId}-another` });
  return [...lacking, others, ownershipElement(whole)];
}
