/** What a file in the language of RFC 4506, as libvirt writes it, defines. */
export interface Definition {
  readonly structs: ReadonlyMap<string, readonly Field[]>;
  readonly unions: ReadonlyMap<string, readonly UnionCase[]>;
  /** Other names of types. */
  readonly aliases: ReadonlyMap<string, Field>;
  /** Constants, and the members of enumerations. */
  readonly constants: ReadonlyMap<string, string>;
  /** Names of enumerations. */
  readonly enumerations: ReadonlySet<string>;
}

/** A declaration: `unsigned int flags`, `remote_nonnull_domain doms<MAX>`. */
export interface Field {
  readonly type: string;
  readonly name: string;
  readonly shape: "one" | "optional" | "fixed" | "variable";
  /** The most elements, or their number: a number or the name of a constant. */
  readonly length: string;
}

interface UnionCase {
  readonly discriminant: string;
  readonly field: Field;
}

/** Reads a definition. @throws {Error} for a declaration it does not understand. */
export function parseDefinition(source: string): Definition {
  const text = withoutComments(source).replaceAll(/^%.*$/gm, "");
  const aliases = matches(text, /\btypedef\s+([^;]+)()/g).map(([words]) => declaration(words));
  const enumerations = matches(text, /\benum\s+(\w+)\s*\{([^}]*)\}/g);
  return {
    structs: new Map(
      matches(text, /\bstruct\s+(\w+)\s*\{([^}]*)\}/g).map(([name, body]) => [
        name,
        declarations(body),
      ]),
    ),
    unions: new Map(
      matches(text, /\bunion\s+(\w+)\s+switch\s*\([^)]*\)\s*\{([^}]*)\}/g).map(([name, body]) => [
        name,
        cases(body),
      ]),
    ),
    aliases: new Map(aliases.map((it) => [it.name, it])),
    constants: new Map([
      ...matches(text, /\bconst\s+(\w+)\s*=\s*(\w+)\s*;/g),
      ...enumerations.flatMap(([, body]) => matches(body, /(\w+)\s*=\s*(\w+)/g)),
    ]),
    enumerations: new Set(enumerations.map(([name]) => name)),
  };
}

/** The two groups of every match. */
function matches(text: string, pattern: RegExp): readonly (readonly [string, string])[] {
  return [...text.matchAll(pattern)].map(([, first = "", second = ""]) => [first, second]);
}

/**
 * The members of an enumeration of a C header and their values, in its order, without the sentinel. They are added to `known`, by which
 * later enumerations may name them.
 */
export function parseEnumeration(
  header: string,
  name: string,
  known: Map<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const text = withoutComments(header).replaceAll(/^\s*#.*$/gm, "");
  const body = new RegExp(`typedef\\s+enum\\s*\\{([^}]*)\\}\\s*${name}\\s*;`).exec(text)?.[1];
  if (body === undefined) throw new Error(`no enumeration ${name}`);
  const members = new Map<string, number>();
  let next = 0;
  for (const words of body.split(",").map((it) => it.trim())) {
    const [, member, value] = /^(\w+)\s*(?:=\s*(.+))?$/s.exec(words) ?? [];
    if (member === undefined || member.endsWith("_LAST")) continue;
    next = value === undefined ? next : valueOf(value, known);
    members.set(member, next);
    known.set(member, next);
    next += 1;
  }
  return members;
}

/** `1 << 3`, `0x10`, `VIR_DOMAIN_A`, `A | B`. */
function valueOf(words: string, known: ReadonlyMap<string, number>): number {
  const parts = words.replaceAll(/[()]/g, "").split("|");
  return parts.reduce((sum, part) => {
    const [left = "", right] = part.split("<<").map((it) => it.trim());
    const value = known.get(left) ?? Number(left.replace(/[uU]$/, ""));
    if (Number.isNaN(value)) throw new Error(`no value: ${words}`);
    return sum + (right === undefined ? value : value * 2 ** Number(right));
  }, 0);
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
}

function declarations(body: string): readonly Field[] {
  return body
    .split(";")
    .map((it) => it.trim())
    .filter((it) => it !== "")
    .map(declaration);
}

function cases(body: string): readonly UnionCase[] {
  return [...body.matchAll(/case\s+(\w+)\s*:\s*([^;]+);/g)].map(
    ([, discriminant = "", words = ""]) => ({ discriminant, field: declaration(words) }),
  );
}

function declaration(words: string): Field {
  const form = /^((?:unsigned\s+)?\w+)\s*(\*?)\s*(\w+)\s*(?:([<[])\s*(\w*)\s*[>\]])?$/.exec(
    words.trim(),
  );
  if (form === null) throw new Error(`not understood: ${words}`);
  const [, type = "", star, name = "", bracket, length = ""] = form;
  const shape =
    star === "*" ? "optional" : bracket === "<" ? "variable" : bracket === "[" ? "fixed" : "one";
  return { type: type.replaceAll(/\s+/g, " "), name, shape, length };
}
