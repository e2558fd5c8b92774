import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
  type YAMLError,
} from "yaml";
import type { FieldSegments } from "./field-segments.ts";
import type { Source } from "./read-sources.ts";

/** A place in a file, counted from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Something wrong with a file. */
export interface Problem extends Position {
  /** Where in the document; empty for the document as a whole. */
  readonly path: FieldSegments;
  /** What is wrong, as a sentence without the place. */
  readonly rule: string;
}

/** One document of a file: its content and where each part of it stands. */
export interface YamlDocument {
  readonly content: unknown;
  /** The place of the key or item at `path`, or of the nearest part around it that exists. Keys match in snake_case and camelCase. */
  locate(path: FieldSegments): Position;
  /** The text of the unquoted number, boolean or null at `path`, as it was written; undefined where something else is. */
  plainSource(path: FieldSegments): string | undefined;
}

/** What the parser says where it has come to the end of its stack: at one level, and at those around it as well, as it happens. */
const tooDeep = "RESOURCE_EXHAUSTION";

/** Whether an error says what none before it has said. */
function isNew({ code }: YAMLError, at: number, all: readonly YAMLError[]): boolean {
  return code !== tooDeep || all.findIndex((it) => it.code === tooDeep) === at;
}

/**
 * The documents of a YAML or JSON file (JSON is YAML), those left out that hold nothing. A file with a fault in its syntax gives problems
 * instead: what follows a fault may be read wrongly.
 */
export function readYaml(source: Source): {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly Problem[];
} {
  const lineCounter = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { file: source.name, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const parsed = [...parseAllDocuments(source.text, { lineCounter, prettyErrors: false })];
  const problems = parsed.flatMap(({ errors }) =>
    errors.filter(isNew).map(({ code, message, pos }) => ({
      ...position(pos[0]),
      path: [],
      rule: code === tooDeep ? "is nested too deeply" : message,
    })),
  );
  if (problems.length > 0) return { documents: [], problems };
  const documents: YamlDocument[] = [];
  for (const document of parsed) {
    if (document.contents === null || isEmpty(document.contents)) continue;
    try {
      const content: unknown = document.toJS({ maxAliasCount: 100 });
      documents.push({
        content,
        locate: (path) => position(offsetOf(document, path)),
        plainSource: (path) => plainSourceOf(document, path),
      });
    } catch (error) {
      // An alias that leads nowhere, or aliases that unfold to more than anyone writes by hand.
      const rule = error instanceof Error ? error.message : String(error);
      problems.push({ ...position(lostAlias(document)), path: [], rule });
    }
  }
  return { documents: problems.length > 0 ? [] : documents, problems };
}

/** Where the first alias stands that leads nowhere, else where the document begins. */
function lostAlias(document: Document.Parsed): number {
  let offset = document.contents?.range[0] ?? document.range[0];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = alias.range?.[0] ?? offset;
      return visit.BREAK;
    },
  });
  return offset;
}

function isEmpty(contents: unknown): boolean {
  return isScalar(contents) && contents.value === null && (contents.source ?? "") === "";
}

function offsetOf(document: Document.Parsed, path: FieldSegments): number {
  let offset = document.contents?.range[0] ?? document.range[0];
  let node: unknown = document.contents;
  for (const segment of path) {
    const found = childOf(document, node, segment);
    if (found === undefined) return offset;
    offset = found.offset ?? offset;
    node = found.node;
  }
  return offset;
}

function plainSourceOf(document: Document.Parsed, path: FieldSegments): string | undefined {
  let node: unknown = document.contents;
  for (const segment of path) node = childOf(document, node, segment)?.node;
  if (!isScalar(node) || node.type !== "PLAIN" || typeof node.value === "string") return undefined;
  return node.source;
}

function childOf(
  document: Document.Parsed,
  parent: unknown,
  segment: string | number,
): { readonly node: unknown; readonly offset: number | undefined } | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node) && typeof segment === "number") {
    const item = node.items[segment];
    return item === undefined ? undefined : { node: item, offset: startOf(item) };
  }
  if (!isMap(node)) return undefined;
  const pair = pairAt(node.items, String(segment));
  return pair === undefined ? undefined : { node: pair.value, offset: startOf(pair.key) };
}

/** The pair with exactly this key, else the one whose key means the same field. */
function pairAt(pairs: readonly Pair[], key: string): Pair | undefined {
  return (
    pairs.find((pair) => keyText(pair) === key) ??
    pairs.find((pair) => plainName(keyText(pair)) === plainName(key))
  );
}

function keyText({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function plainName(key: string): string {
  return key.replaceAll("_", "").toLowerCase();
}

function startOf(node: unknown): number | undefined {
  return typeof node === "object" && node !== null && "range" in node
    ? (node as Node).range?.[0]
    : undefined;
}
