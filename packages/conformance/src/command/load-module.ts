import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UsageError } from "./usage-error.ts";

/** What a module has to export for a command. */
export interface WantedExport {
  readonly name: string;
  /** A module that would do, in a few lines. */
  readonly example: readonly string[];
}

/** Which module is loaded, and for what. */
export interface ModuleRequest {
  readonly module: string;
  /** What a relative path is relative to. */
  readonly cwd: string;
  readonly wanted: WantedExport;
}

/**
 * The function that a module exports under the wanted name.
 * @throws {UsageError} when the module cannot be loaded or exports something else.
 */
export async function loadFactory(request: ModuleRequest): Promise<() => Promise<unknown>> {
  const { module, wanted } = request;
  const exported = await loadExport(request);
  if (isFactory(exported)) return exported;
  throw new UsageError(`${wanted.name} of ${module} is ${typeof exported}, not a function`, {
    hints: exampleHints(wanted),
  });
}

/**
 * What a module exports under the wanted name.
 * @throws {UsageError} when the module cannot be loaded or exports no such thing.
 */
export async function loadExport({ module, cwd, wanted }: ModuleRequest): Promise<unknown> {
  const path = module.startsWith("file:") ? fileURLToPath(module) : resolve(cwd, module);
  const hints = exampleHints(wanted);
  if (!existsSync(path)) {
    throw new UsageError(`there is no module at ${path}`, {
      hints: ["--module takes the path of a JavaScript or TypeScript file", ...hints],
    });
  }
  const exported = await importModule(path);
  if (wanted.name in exported) return exported[wanted.name];
  const names = Object.keys(exported);
  const has = names.length === 0 ? "nothing" : names.join(", ");
  throw new UsageError(`${module} does not export ${wanted.name}: it exports ${has}`, { hints });
}

/** What to write instead. */
export function exampleHints({ name, example }: WantedExport): readonly string[] {
  return [`a module that exports ${name}:`, "", ...example.map((line) => `  ${line}`)];
}

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${path} cannot be loaded: ${message}`, {
      hints: [...hintsFor(error), ...whereFrom(error)],
      cause: error,
    });
  }
}

function hintsFor(error: unknown): readonly string[] {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ERR_UNKNOWN_FILE_EXTENSION":
      return ["TypeScript loads as it is from Node 22.18 on: use that, or compile it first"];
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
    case "ERR_INVALID_TYPESCRIPT_SYNTAX":
      return [
        "Node takes types away and compiles nothing: no enums, namespaces or parameter properties",
      ];
    case "ERR_MODULE_NOT_FOUND":
      return ["an import of it leads nowhere; imports of files need their extension (./x.ts)"];
    default:
      return [];
  }
}

/** The places in the module and what it imports at which it went wrong. */
function whereFrom(error: unknown): readonly string[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  return error.stack
    .split("\n")
    .filter((line) => line.startsWith("    at ") && !line.includes("node:internal"))
    .slice(0, 5)
    .map((line) => line.trim());
}

function isFactory(value: unknown): value is () => Promise<unknown> {
  return typeof value === "function";
}
