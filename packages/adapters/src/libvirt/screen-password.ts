import { childOf, parseXml, renderXml, type XmlElement } from "./xml.ts";

/** Whether a description has a screen. */
export function hasScreen(xml: string): boolean {
  return (childOf(parseXml(xml), "devices")?.children ?? []).some(isScreen);
}

/** A description with the password of its screen, which libvirt leaves out of what it shows to everybody. Undefined for what is no description. */
export function withScreenPassword(xml: string, password: string): string | undefined {
  const root = parseXml(xml);
  if (root === undefined) return undefined;
  const children = root.children.map((it) =>
    it.name === "devices" ? protectedBy(it, password) : it,
  );
  return renderXml({ ...root, children });
}

function protectedBy(devices: XmlElement, password: string): XmlElement {
  const children = devices.children.map((it) =>
    isScreen(it) ? { ...it, attributes: new Map([...it.attributes, ["passwd", password]]) } : it,
  );
  return { ...devices, children };
}

function isScreen({ name, attributes }: XmlElement): boolean {
  return name === "graphics" && attributes.get("type") === "vnc";
}
