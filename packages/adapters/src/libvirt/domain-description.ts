import { type DomainOwnership, isOwnershipElement, ownershipElement } from "./domain-ownership.ts";
import { childOf, parseXml, renderXml, type XmlElement } from "./xml.ts";

/** A description without our element in its metadata; all else stays. Undefined for what is no description. */
export function withoutOwnership(xml: string): string | undefined {
  const root = parseXml(xml);
  return root === undefined ? undefined : renderXml(withMetadata(root, undefined));
}

/** A description with our element in its metadata, in place of one it has. Undefined for what is no description. */
export function withOwnership(xml: string, ownership: DomainOwnership): string | undefined {
  const root = parseXml(xml);
  return root === undefined
    ? undefined
    : renderXml(withMetadata(root, ownershipElement(ownership)));
}

function withMetadata(root: XmlElement, ours: XmlElement | undefined): XmlElement {
  const others = (childOf(root, "metadata")?.children ?? []).filter(
    (it) => !isOwnershipElement(it),
  );
  const children = [...others, ...(ours === undefined ? [] : [ours])];
  const rest = root.children.filter((it) => it.name !== "metadata");
  const metadata: XmlElement = { name: "metadata", attributes: new Map(), children, text: "" };
  return { ...root, children: children.length === 0 ? rest : [...rest, metadata] };
}
