import { childOf, type XmlElement } from "./xml.ts";

/** How many processors and how much memory a description gives to a machine, and how much it may be given while it runs. */
export interface DomainSize {
  readonly vcpus: number;
  readonly vcpusMax: number;
  /** In a definition what the guest is to have; in the description of a run what it has: libvirt follows what the guest gives back. */
  readonly memoryKib: number;
  readonly memoryMaxKib: number;
}

/** The size in a description as libvirt gives it, always in KiB; undefined where it says none. */
export function sizeIn(root: XmlElement): DomainSize | undefined {
  const vcpu = childOf(root, "vcpu");
  const vcpusMax = countIn(vcpu?.text);
  const memoryMaxKib = countIn(childOf(root, "memory")?.text);
  if (vcpusMax === undefined || memoryMaxKib === undefined) return undefined;
  return {
    vcpus: countIn(vcpu?.attributes.get("current")) ?? vcpusMax,
    vcpusMax,
    memoryKib: countIn(childOf(root, "currentMemory")?.text) ?? memoryMaxKib,
    memoryMaxKib,
  };
}

function countIn(text: string | undefined): number | undefined {
  return text === undefined || !/^\d{1,15}$/.test(text.trim()) ? undefined : Number(text);
}
