import { XMLBuilder, XMLParser } from "fast-xml-parser";

/** An element: its name, its attributes, and elements or a text in it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly in it; around elements it is no more than blanks, and not written. */
  readonly text: string;
}

/** What an element is written from. An attribute that is undefined is left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** What no XML can say, however it is written (XML 1.0, production 2). */
const unwritable = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;
/** What a reader would turn into blanks within an attribute. */
const unwritableInAttribute = /[\t\n\r]/;

const builder = new XMLBuilder({
  preserveOrder: true,
  ignoreAttributes: false,
  format: true,
  suppressEmptyNode: true,
  suppressBooleanAttributes: false,
});

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
});

/** An element of a name, with attributes and what is in it: elements, or a text. */
export function element(
  name: string,
  attributes: Attributes = {},
  content: readonly (XmlElement | undefined)[] | string = [],
): XmlElement {
  return {
    name,
    attributes: new Map(
      Object.entries(attributes).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, String(value)]],
      ),
    ),
    children: typeof content === "string" ? [] : content.filter((it) => it !== undefined),
    text: typeof content === "string" ? content : "",
  };
}

/** An element as a document. @throws {RangeError} for characters that XML cannot say. */
export function renderXml(root: XmlElement): string {
  return builder.build([ordered(root)]).trim();
}

/** The root element of a document; undefined where it is none. */
export function parseXml(document: string): XmlElement | undefined {
  try {
    const nodes: unknown = parser.parse(document, true);
    return childrenOf(nodes)[0];
  } catch {
    // The library throws for what is not well-formed, and for nothing else.
    return undefined;
  }
}

/** The first child of a name. */
export function childOf(parent: XmlElement | undefined, name: string): XmlElement | undefined {
  return parent?.children.find((it) => it.name === name);
}

function ordered({ name, attributes, children, text }: XmlElement): object {
  return {
    [name]:
      children.length > 0 || text === "" ? children.map(ordered) : [{ "#text": writable(text) }],
    ":@": Object.fromEntries([...attributes].map(([key, it]) => [`@_${key}`, inAttribute(it)])),
  };
}

function inAttribute(value: string): string {
  if (unwritableInAttribute.test(value)) throw new RangeError("a line break in an attribute");
  return writable(value);
}

function writable(value: string): string {
  if (unwritable.test(value)) throw new RangeError("a character that XML cannot say");
  return value;
}

function childrenOf(nodes: unknown): readonly XmlElement[] {
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node: unknown) => {
    if (!isObject(node)) return [];
    const name = Object.keys(node).find((it) => it !== ":@" && !/^[#?]/.test(it));
    return name === undefined ? [] : [parsed(name, node)];
  });
}

function parsed(name: string, node: Readonly<Record<string, unknown>>): XmlElement {
  const attributes = isObject(node[":@"]) ? Object.entries(node[":@"]) : [];
  const inside = node[name];
  return {
    name,
    attributes: new Map(attributes.map(([key, value]) => [key.replace(/^@_/, ""), String(value)])),
    children: childrenOf(inside),
    text: Array.isArray(inside) ? inside.map(textOf).join("") : "",
  };
}

function textOf(node: unknown): string {
  return isObject(node) && "#text" in node ? String(node["#text"]) : "";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
