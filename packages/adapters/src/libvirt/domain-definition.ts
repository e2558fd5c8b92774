import { createHash } from "node:crypto";
import { type DomainOwnership, isOwnershipElement, ownershipIn } from "./domain-ownership.ts";
import { type DomainSize, sizeIn } from "./domain-size.ts";
import { childOf, parseXml, renderXml, type XmlElement } from "./xml.ts";

/** What the description of a domain says, as far as it is read. */
export interface DomainDefinition {
  /** Undefined: it is none of ours. */
  readonly ownership: DomainOwnership | undefined;
  /** Differs when anything does that a machine is made of: names for people and metadata do not count. */
  readonly digest: string;
  /** Undefined where it cannot be read. */
  readonly size: DomainSize | undefined;
  readonly interfaces: readonly DefinedInterface[];
  readonly disks: readonly DefinedDisk[];
  /** The file that takes in what the guest writes to its serial console; undefined where none does. */
  readonly consoleLog: string | undefined;
  /** The file in which its firmware keeps its variables; undefined where it has none. */
  readonly variablesPath: string | undefined;
}

/** An interface of a domain. */
interface DefinedInterface {
  readonly mac: string;
  /** The network of libvirt that it is on; undefined for a bridge. */
  readonly network: string | undefined;
}

/** A disk or cdrom of a domain that is a file or a device of the host. */
export interface DefinedDisk {
  readonly device: string;
  readonly kind: "disk" | "cdrom";
  readonly path: string;
}

/** Reads a description as libvirt gives it; undefined for what is none: then nothing is known, not even whose it is. */
export function parseDefinition(xml: string, nodeId: string): DomainDefinition | undefined {
  const root = parseXml(xml);
  if (root?.name !== "domain") return undefined;
  const devices = childOf(root, "devices")?.children ?? [];
  const named = (name: string): readonly XmlElement[] => devices.filter((it) => it.name === name);
  const ours = childOf(root, "metadata")?.children.find(isOwnershipElement);
  return {
    ownership: ownershipIn(ours, nodeId),
    digest: digestOf(root),
    size: sizeIn(root),
    interfaces: named("interface").map(interfaceIn),
    disks: named("disk").flatMap(diskIn),
    consoleLog: named("serial").map((it) => attributeOf(it, "log", "file"))[0],
    variablesPath: variablesIn(childOf(root, "os")),
  };
}

/** What people may write into a description without changing the machine. */
const forPeople: ReadonlySet<string> = new Set(["metadata", "title", "description"]);

function digestOf(root: XmlElement): string {
  const children = root.children.filter((it) => !forPeople.has(it.name));
  const text = renderXml({ ...root, children });
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function interfaceIn(it: XmlElement): DefinedInterface {
  return {
    mac: (attributeOf(it, "mac", "address") ?? "").toLowerCase(),
    network: attributeOf(it, "source", "network"),
  };
}

function diskIn(it: XmlElement): readonly DefinedDisk[] {
  const device = attributeOf(it, "target", "dev");
  const path = attributeOf(it, "source", "file") ?? attributeOf(it, "source", "dev");
  const kind = it.attributes.get("device") === "cdrom" ? "cdrom" : "disk";
  return device === undefined || path === undefined ? [] : [{ device, kind, path }];
}

/** libvirt writes a path down in one of two ways: as the text, or as a source. */
function variablesIn(os: XmlElement | undefined): string | undefined {
  const nvram = os === undefined ? undefined : childOf(os, "nvram");
  if (nvram === undefined) return undefined;
  const path = attributeOf(nvram, "source", "file") ?? nvram.text.trim();
  return path === "" ? undefined : path;
}

function attributeOf(parent: XmlElement, child: string, name: string): string | undefined {
  return childOf(parent, child)?.attributes.get(name);
}
