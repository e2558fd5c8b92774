// Makes packages/adapters/src/libvirt/rpc/gen from the protocol definition that libvirt publishes in its sources:
//
//   tar -xJf libvirt-9.0.0.tar.xz      (https://download.libvirt.org, or the source package of a distribution)
//   node scripts/libvirt-protocol.ts libvirt-9.0.0 && npx biome format --write packages/adapters/src/libvirt/rpc/gen
//
// Numbers, once given, never change in libvirt, and old calls stay: an older definition serves newer daemons.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  type Definition,
  parseDefinition,
  parseEnumeration,
} from "./libvirt-protocol/definition.ts";
import { camel, Emitter } from "./libvirt-protocol/emit.ts";
import { calls, enumerations, events } from "./libvirt-protocol/selection.ts";

const [source = ""] = process.argv.slice(2);
if (source === "") {
  console.error("Usage: node scripts/libvirt-protocol.ts FOLDER_OF_LIBVIRT_SOURCES");
  process.exit(2);
}
const read = (path: string): string => readFileSync(join(source, path), "utf8");
const headers = ["virterror.h", "libvirt-common.h.in", "libvirt-domain.h", "libvirt-network.h"]
  .map((it) => read(`include/libvirt/${it}`))
  .join("\n");
const target = join(import.meta.dirname, "../packages/adapters/src/libvirt/rpc/gen");
const made = `// Made by scripts/libvirt-protocol from the sources of ${basename(source).replace("-", " ")}. Not edited by hand.\n`;

const builders =
  "array bool double field fixedArray int32 int64 opaque option struct uint32 uint64 union unionCase varOpaque".split(
    " ",
  );

writeFileSync(join(target, "protocol.ts"), protocol());
writeFileSync(join(target, "constants.ts"), constants());

function protocol(): string {
  const parsed = ["src/rpc/virnetprotocol.x", "src/remote/remote_protocol.x"].map((it) =>
    parseDefinition(read(it)),
  );
  const emitter = new Emitter(merged(parsed));
  const failure = named(emitter.compound("virNetMessageError"));
  const table = calls.map((it) => entryOf(emitter, it));
  const told = events.map((it) => eventOf(emitter, it));
  return [
    made,
    `import { ${[...builders.filter((it) => emitter.lines.some((line) => line.includes(`${it}(`))), "type XdrType"].join(", ")} } from "@stellar/js-xdr";`,
    'import { nothing, text, uuid } from "../xdr-types.ts";',
    "",
    "/** A call: its number in the program, and how what it takes and gives is written. */",
    "export interface Procedure<Args, Ret> { readonly number: number; readonly args: XdrType<Args>; readonly ret: XdrType<Ret> }",
    "/** A message of the daemon about a domain: its number in the program, and how it is written. */",
    "export interface EventMessage<Msg> { readonly number: number; readonly msg: XdrType<Msg> }",
    "",
    ...emitter.lines,
    "/** How the daemon tells why a call has failed. */",
    `export const libvirtError: XdrType<${failure.type}> = ${failure.schema};`,
    "/** Every call that can be made, by its name. */",
    "export interface Procedures {",
    ...table.map(
      ({ name, args, ret }) => `  readonly ${name}: Procedure<${args.type}, ${ret.type}>;`,
    ),
    "}",
    "/** {@link Procedures} as they are written. */",
    "export const procedures: Procedures = {",
    ...table.map(
      ({ name, number, args, ret }) =>
        `  ${name}: { number: ${number}, args: ${args.schema}, ret: ${ret.schema} },`,
    ),
    "};",
    "/** What the daemon tells about domains to who has asked for it, by its name. */",
    "export interface DomainEventMessages {",
    ...told.map(({ name, type }) => `  readonly ${name}: EventMessage<${type}>;`),
    "}",
    "/** {@link DomainEventMessages} as they are written. */",
    "export const domainEventMessages: DomainEventMessages = {",
    ...told.map(({ name, number, schema }) => `  ${name}: { number: ${number}, msg: ${schema} },`),
    "};",
    "",
  ].join("\n");
}

function merged(all: readonly Definition[]): Definition {
  const numbers = new Map(all.flatMap((it) => [...it.constants]));
  numbers.set("VIR_UUID_BUFLEN", "16");
  for (const [name, value] of parseEnumeration(headers, "virTypedParameterType"))
    numbers.set(name, String(value));
  return {
    structs: new Map(all.flatMap((it) => [...it.structs])),
    unions: new Map(all.flatMap((it) => [...it.unions])),
    aliases: new Map(all.flatMap((it) => [...it.aliases])),
    constants: numbers,
    enumerations: new Set(all.flatMap((it) => [...it.enumerations])),
  };
}

interface Written {
  readonly schema: string;
  readonly type: string;
}

function named([schema, type]: readonly [string, string]): Written {
  return { schema, type };
}

function entryOf(
  emitter: Emitter,
  name: string,
): { name: string; number: number; args: Written; ret: Written } {
  const side = (suffix: string): Written => {
    const struct = `remote_${name}_${suffix}`;
    if (!emitter.has(struct)) return { schema: "nothing", type: "void" };
    return named(emitter.compound(struct));
  };
  const number = emitter.constant(`REMOTE_PROC_${name.toUpperCase()}`);
  return { name: camel(name), number, args: side("args"), ret: side("ret") };
}

function eventOf(emitter: Emitter, name: string): Written & { name: string; number: number } {
  const written = named(emitter.compound(`remote_domain_event_callback_${name}_msg`));
  const number = emitter.constant(`REMOTE_PROC_DOMAIN_EVENT_CALLBACK_${name.toUpperCase()}`);
  return { ...written, name: camel(name), number };
}

function constants(): string {
  const known = new Map<string, number>();
  const lines = enumerations.flatMap(([name, prefix]) => [
    `/** \`${name}\` of libvirt. */`,
    `export const ${camel(name.replace(/^vir/, "")).replace(/Values?$/, "")} = {`,
    ...[...parseEnumeration(headers, name, known)].map(
      ([member, value]) => `  ${camel(member.replace(prefix, "").toLowerCase())}: ${value},`,
    ),
    "} as const;",
    "",
  ]);
  return [made, ...lines].join("\n");
}
