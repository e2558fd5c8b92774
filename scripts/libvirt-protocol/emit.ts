import type { Definition, Field } from "./definition.ts";

/** Integers and the like: the schema that reads and writes them, and what they are here. */
const primitives: ReadonlyMap<string, readonly [schema: string, type: string]> = new Map([
  ["int", ["int32()", "number"]],
  ["unsigned int", ["uint32()", "number"]],
  ["unsigned", ["uint32()", "number"]],
  ["hyper", ["int64()", "bigint"]],
  ["unsigned hyper", ["uint64()", "bigint"]],
  ["double", ["double()", "number"]],
  // What is smaller travels as an integer.
  ["unsigned short", ["uint32()", "number"]],
  ["char", ["int32()", "number"]],
  ["unsigned char", ["uint32()", "number"]],
]);

/** Writes schemas with their types, each after those it is made of. */
export class Emitter {
  readonly #definition: Definition;
  readonly #lines: string[] = [];
  readonly #done = new Set<string>();

  constructor(definition: Definition) {
    this.#definition = definition;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The name of the schema of a struct or union, and that of its type; written first, unless they are already. */
  compound(name: string): readonly [schema: string, type: string] {
    const plain = plainName(name);
    const [schema, type] = [`${camel(plain)}Schema`, pascal(plain)];
    if (this.#done.has(name)) return [schema, type];
    this.#done.add(name);
    const fields = this.#definition.structs.get(name);
    if (fields === undefined) this.#union(name, schema, type);
    else this.#struct(name, { schema, type, fields });
    return [schema, type];
  }

  has(name: string): boolean {
    return this.#definition.structs.has(name);
  }

  constant(name: string): number {
    const value = Number(name);
    if (!Number.isNaN(value)) return value;
    const defined = this.#definition.constants.get(name);
    if (defined === undefined) throw new Error(`no constant ${name}`);
    return this.constant(defined);
  }

  #struct(
    name: string,
    { schema, type, fields }: { schema: string; type: string; fields: readonly Field[] },
  ): void {
    const written = fields.map((it) => [camel(it.name), ...this.#field(it)] as const);
    this.#lines.push(
      `/** \`${name}\` of the protocol. */`,
      `export interface ${type} {`,
      ...written.map(([field, , of]) => `  readonly ${field}: ${of};`),
      "}",
      `const ${schema}: XdrType<${type}> = struct("${name}", {`,
      ...written.map(([field, of]) => `  ${field}: ${of},`),
      "});",
      "",
    );
  }

  #union(name: string, schema: string, type: string): void {
    const cases = this.#definition.unions.get(name);
    if (cases === undefined) throw new Error(`no type ${name}`);
    const written = cases.map(({ discriminant, field }) => {
      const [of, its] = this.#field(field);
      return { value: this.constant(discriminant), label: camel(field.name), of, its };
    });
    this.#lines.push(
      `/** \`${name}\` of the protocol. */`,
      `export type ${type} =`,
      ...written.map(
        ({ value, its, label }) => `  | { readonly type: ${value}; readonly ${label}: ${its} }`,
      ),
      "  ;",
      `const ${schema}: XdrType<${type}> = union("${name}", {`,
      "  switchOn: int32(),",
      "  cases: [",
      ...written.map(
        ({ value, of, label }) => `    unionCase("${label}", ${value}, field("${label}", ${of})),`,
      ),
      "  ],",
      "});",
      "",
    );
  }

  #field({ type, shape, length }: Field): readonly [schema: string, type: string] {
    if (type === "string") return [`text(${this.constant(length)})`, "string"];
    if (type === "opaque" || (type === "char" && shape !== "one")) {
      const bytes = this.constant(length);
      if (type === "opaque")
        return [shape === "fixed" ? `opaque(${bytes})` : `varOpaque(${bytes})`, "Uint8Array"];
    }
    const [schema, of] = this.#type(type);
    switch (shape) {
      case "one":
        return [schema, of];
      case "optional":
        return [`option(${schema})`, `${of} | null`];
      case "fixed":
        return [`fixedArray(${schema}, ${this.constant(length)})`, `readonly ${of}[]`];
      case "variable":
        return [`array(${schema}, ${this.constant(length)})`, `readonly ${of}[]`];
    }
  }

  #type(type: string): readonly [schema: string, type: string] {
    const primitive = primitives.get(type);
    if (primitive !== undefined) return primitive;
    if (this.#definition.enumerations.has(type)) return ["int32()", "number"];
    if (/uuid$/i.test(type)) return ["uuid()", "string"];
    const alias = this.#definition.aliases.get(type);
    return alias === undefined ? this.compound(type) : this.#field(alias);
  }
}

/** `domain_get_state` as `domainGetState`. */
export function camel(name: string): string {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .split("_");
  return words.map((it, at) => (at === 0 ? it.toLowerCase() : capital(it.toLowerCase()))).join("");
}

function pascal(name: string): string {
  return capital(camel(name));
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function plainName(name: string): string {
  return name
    .replace(/^remote_/, "")
    .replace(/^virNet/, "")
    .replace(/nonnull_?/i, "");
}
