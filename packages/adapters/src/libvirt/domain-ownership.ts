import { isWorkloadId, type Target, type WorkloadId } from "@persys/core";
import { element, parseXml, renderXml, type XmlElement } from "./xml.ts";

/** The namespace of our element among a domain's metadata. */
export const ownershipNamespace = "urn:persys:libvirt:1";

/** The prefix it is written with. */
export const ownershipPrefix = "persys";

/** What one definition of a machine was made for. */
export interface DefinitionMarks {
  readonly uid: string;
  readonly revisionId: string;
  readonly specDigest: string;
  /** Names this making of it, unlike any other. */
  readonly instance: string;
  /** Names the last run that we began; undefined before the first. */
  readonly run: string | undefined;
  /** When that was, Unix milliseconds. */
  readonly startedAtMs: number | undefined;
  /** The number that libvirt gave the machine for that run; undefined where it was not written down yet. Each start has another. */
  readonly domainId: number | undefined;
  /** The boot of the host that it was given in: after another the numbers begin anew. Undefined in what older agents have started. */
  readonly boot: string | undefined;
  /** How long it may take to shut down before it is forced, in milliseconds. Undefined in what older agents have made. */
  readonly graceMs: number | undefined;
  /** The digest of the definition as it was when we last made or started it; undefined where it was not written down yet. */
  readonly config: string | undefined;
  /**
   * Whether it has yet to begin a run of its own: memory that was saved of the machine is that of another definition. Stays until the start has succeeded.
   */
  readonly isNew: boolean;
}

/** What the metadata of a domain of ours say. A domain has them from its definition on, and libvirt changes them only as a whole. */
export interface DomainOwnership {
  readonly id: WorkloadId;
  readonly nodeId: string;
  /** What the domain is defined as. Undefined while only the kept definition is wanted still. */
  readonly current: DefinitionMarks | undefined;
  /** What it was defined as before, to be gone back to: with the whole description. */
  readonly kept: DescribedMarks | undefined;
  /**
   * What it was defined as until the current definition was written, which has yet to take effect. Until then that is what runs. Its description is empty
   * where somebody had edited it: then it is nothing to go back to.
   */
  readonly former: DescribedMarks | undefined;
}

/** The marks of a definition with its whole description, but for our marks and what is secret. */
export type DescribedMarks = DefinitionMarks & { readonly xml: string };

/** The marks of a new definition for a target, never started. */
export function marksFor(target: Target, instance: string): DefinitionMarks {
  const { uid, revisionId, specDigest, stopGraceMs: graceMs } = target;
  const never = { run: undefined, startedAtMs: undefined, domainId: undefined, boot: undefined };
  return {
    uid,
    revisionId,
    specDigest,
    instance,
    graceMs,
    config: undefined,
    isNew: true,
    ...never,
  };
}

/** Ownership as the element that goes into a domain's metadata. */
export function ownershipElement(ownership: DomainOwnership): XmlElement {
  const { id, nodeId, current, former, kept } = ownership;
  const namespace = { [`xmlns:${ownershipPrefix}`]: ownershipNamespace };
  return element(`${ownershipPrefix}:workload`, { ...namespace, id, node: nodeId }, [
    current && element(`${ownershipPrefix}:current`, attributesOf(current)),
    kept && element(`${ownershipPrefix}:kept`, attributesOf(kept), encoded(kept.xml)),
    former && element(`${ownershipPrefix}:former`, attributesOf(former), encoded(former.xml)),
  ]);
}

/** Ownership as {@link ownershipElement} writes it, for the call that changes metadata alone. */
export function renderOwnership(ownership: DomainOwnership): string {
  // That call gives the element its namespace, and takes it without.
  const { name, attributes, ...rest } = ownershipElement(ownership);
  return renderXml({
    ...rest,
    name: name.replace(/^.*:/, ""),
    attributes: new Map([...attributes].filter(([key]) => !key.startsWith("xmlns"))),
    children: rest.children.map((it) => ({ ...it, name: it.name.replace(/^.*:/, "") })),
  });
}

/** As {@link ownershipIn}, of our element as a document. */
export function parseOwnership(metadata: string, nodeId: string): DomainOwnership | undefined {
  return ownershipIn(parseXml(metadata), nodeId);
}

/** Whether an element among a domain's metadata is ours. */
export function isOwnershipElement({ attributes }: XmlElement): boolean {
  return [...attributes].some(
    ([key, value]) => key.startsWith("xmlns") && value === ownershipNamespace,
  );
}

/**
 * What our element says, as libvirt gives it; undefined for anything that lacks one of the marks, or is another node's: then the domain is
 * somebody else's.
 */
export function ownershipIn(
  root: XmlElement | undefined,
  nodeId: string,
): DomainOwnership | undefined {
  const id = root?.attributes.get("id") ?? "";
  if (root === undefined || localName(root) !== "workload") return undefined;
  if (!isWorkloadId(id) || root.attributes.get("node") !== nodeId) return undefined;
  const parts = root.children.map((it) => [localName(it), marksOf(it), it.text] as const);
  // What lacks a mark is not ours in part: it is not ours.
  if (parts.length === 0 || parts.some(([, marks]) => marks === undefined)) return undefined;
  const [, current] = parts.find(([name]) => name === "current") ?? [];
  const described = (wanted: string): DescribedMarks | undefined => {
    const [, marks, xml = ""] = parts.find(([name]) => name === wanted) ?? [];
    return marks && { ...marks, xml: decoded(xml) };
  };
  return { id, nodeId, current, kept: described("kept"), former: described("former") };
}

function attributesOf(marks: DefinitionMarks): Readonly<Record<string, string | undefined>> {
  return {
    uid: marks.uid,
    revision: marks.revisionId,
    digest: marks.specDigest,
    instance: marks.instance,
    run: marks.run,
    started: marks.startedAtMs?.toString(),
    domain: marks.domainId?.toString(),
    boot: marks.boot,
    grace: marks.graceMs?.toString(),
    config: marks.config,
    new: marks.isNew ? "yes" : undefined,
  };
}

function marksOf({ attributes }: XmlElement): DefinitionMarks | undefined {
  const [uid, revisionId] = [attributes.get("uid"), attributes.get("revision")];
  const [specDigest, instance] = [attributes.get("digest"), attributes.get("instance")];
  if (uid === undefined || revisionId === undefined) return undefined;
  if (specDigest === undefined || instance === undefined) return undefined;
  const run = attributes.get("run");
  const startedAtMs = numberIn(attributes.get("started"));
  const domainId = numberIn(attributes.get("domain"));
  const boot = attributes.get("boot");
  const graceMs = numberIn(attributes.get("grace"));
  const config = attributes.get("config");
  return {
    uid,
    revisionId,
    specDigest,
    instance,
    run,
    startedAtMs,
    domainId,
    boot,
    graceMs,
    config,
    isNew: attributes.get("new") === "yes",
  };
}

function numberIn(text: string | undefined): number | undefined {
  return text === undefined || !/^\d{1,15}$/.test(text) ? undefined : Number(text);
}

function localName({ name }: XmlElement): string {
  return name.replace(/^.*:/, "");
}

/** libvirt indents what is in metadata anew; a description has to come back as it was. */
function encoded(xml: string): string {
  return Buffer.from(xml).toString("base64");
}

function decoded(text: string): string {
  return Buffer.from(text, "base64").toString();
}
