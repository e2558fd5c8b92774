import { type Document, type ScalarTag, isScalar, parseDocument, visit } from "yaml";
import type { Violation } from "@persys/core";

/** A compose file as plain data. */
export type ComposeDocument = Readonly<Record<string, unknown>>;

/** A file as data, or why it is none. */
export type ReadDocument =
  | { readonly ok: true; readonly document: ComposeDocument }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Longest file, in characters: those that people write have a few thousand. */
const fileCharsMax = 262_144;
/** Nodes that aliases may stand for, all together: a file of some lines could become one of gigabytes. */
const aliasedMax = 100;
/** Lists and objects within each other. Compose itself knows about eight. */
const depthMax = 24;

/** Longest base64 of such a file, broken into lines of whatever length: no character has more than three bytes for each of its units. */
const encodedCharsMax = 2 * fileCharsMax * 4;

/** Without space in it. */
const base64Pattern = /^[\w+/-]+={0,2}$/;

/** Numbers with a leading zero are octal, as compose takes them; the YAML of today would read them as decimal. */
const octal: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  identify: () => false,
  test: /^[-+]?0[0-7]+$/,
  resolve: (text: string): number =>
    text.startsWith("-") ? -Number.parseInt(text.slice(1), 8) : Number.parseInt(text, 8),
};

/**
 * The text of a compose file that comes as it is or in base64. A compose file has a colon, and base64 has none, so neither is taken for the
 * other. Undefined: it is neither.
 */
export function composeText(sent: string): string | undefined {
  // What is too long for either is left to the reader to refuse, which looks at the length first.
  if (sent.length > encodedCharsMax || sent.includes(":")) return sent;
  const packed = sent.replaceAll(/\s+/g, "");
  if (!base64Pattern.test(packed)) return undefined;
  const bytes = Buffer.from(packed, "base64");
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes(":") ? text : undefined;
  } catch {
    // No text at all: the caller says what was expected.
    return undefined;
  }
}

/** Reads a compose file. Pure; takes bounded time and memory whatever the text. Paths of violations begin at the file's root. */
export function readComposeDocument(text: string): ReadDocument {
  if (text.length > fileCharsMax)
    return refused(`must have at most ${fileCharsMax} characters: it has ${text.length}`);
  try {
    const parsed = parseDocument(text, {
      customTags: (tags) => [octal, ...tags],
      merge: true,
      prettyErrors: false,
      stringKeys: true,
      // Its own look for them compares each key with each; see below.
      uniqueKeys: false,
    });
    const [fault] = [...parsed.errors, ...parsed.warnings];
    // The words of a parser may quote the file, and with it a secret.
    if (fault !== undefined)
      return refused(
        `is no YAML that can be used (${fault.code}, line ${lineOf(text, fault.pos[0])})`,
      );
    const twice = repeatedKeyAt(parsed);
    if (twice !== undefined)
      return refused(`is no YAML that can be used (DUPLICATE_KEY, line ${lineOf(text, twice)})`);
    const document: unknown = parsed.toJS({ maxAliasCount: aliasedMax });
    if (!isMap(document)) return refused("must be a compose file: an object with `services`");
    if (isTooDeep(document, depthMax))
      return refused(`must not have more than ${depthMax} lists and objects within each other`);
    return { ok: true, document };
  } catch (error) {
    // A ReferenceError: too many aliases. A RangeError: too deep for the parser.
    return refused(
      error instanceof ReferenceError
        ? `must not have aliases that stand for more than ${aliasedMax} parts each`
        : "is no YAML that can be used: it is nested too deeply",
    );
  }
}

/** Whether a value is an object of named members. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where in the text a key stands that its object has already; undefined: nowhere. */
function repeatedKeyAt(document: Document.Parsed): number | undefined {
  let at: number | undefined;
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const name = isScalar(key) ? key.value : key;
        if (seen.has(name)) {
          at = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
          return visit.BREAK;
        }
        seen.add(name);
      }
      return undefined;
    },
  });
  return at;
}

function refused(rule: string): ReadDocument {
  return { ok: false, violations: [{ path: [], rule }] };
}

function lineOf(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

function isTooDeep(value: unknown, left: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return left === 0 || Object.values(value).some((it) => isTooDeep(it, left - 1));
}
