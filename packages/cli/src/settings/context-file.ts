import { chmod, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";
import type { Host } from "../host.ts";

/** An agent under a name: where it serves and how to sign in. */
export interface AgentContext {
  readonly endpoint: string;
  readonly token?: string;
  /** A relative path counts from the folder of the context file. */
  readonly tokenFile?: string;
  /** Files for TLS, relative ones as above: authorities to trust, and the user's certificate with its key. PEM. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What the context file holds. */
export interface ContextFile {
  readonly current: string | undefined;
  /** By name, in the order of the file. */
  readonly contexts: ReadonlyMap<string, AgentContext>;
}

/** Where the context file is: PERSYS_CONTEXT_FILE, else `persys/contexts.yaml` in the user's folder for configuration. */
export function contextFilePath(host: Pick<Host, "env" | "homeDir">): string {
  const { PERSYS_CONTEXT_FILE: named, XDG_CONFIG_HOME: configHome } = host.env;
  if (named) return named;
  return join(configHome || join(host.homeDir, ".config"), "persys", "contexts.yaml");
}

/** The contexts in `path`; none when there is no such file. @throws {CliError} usage — the file cannot be read or is not as it has to be. */
export async function loadContexts(path: string): Promise<ContextFile> {
  const text = await readIfThere(path);
  if (text === undefined) return { current: undefined, contexts: new Map() };
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(exitCodes.usage, `${path} is not YAML: ${reason}`, { cause });
  }
  return parseContexts(content ?? {}, path);
}

/**
 * Replaces the context file as a whole, readable by the user alone: it may hold tokens. A crash leaves either the old file or the new one.
 * @throws {Error} as the file system answers.
 */
export async function saveContexts(path: string, file: ContextFile): Promise<void> {
  const contexts = Object.fromEntries(
    Array.from(file.contexts, ([name, { endpoint, token, tokenFile, ca, cert, key }]) => [
      name,
      {
        endpoint,
        ...(token === undefined ? {} : { token }),
        ...(tokenFile === undefined ? {} : { token_file: tokenFile }),
        ...(ca === undefined ? {} : { ca_file: ca }),
        ...(cert === undefined ? {} : { cert_file: cert }),
        ...(key === undefined ? {} : { key_file: key }),
      },
    ]),
  );
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.tmp`;
  await writeFile(draft, stringify({ current: file.current ?? "", contexts }), { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, path);
}

/** Whether others than the owner may read `path`. False where there is no such file. */
export async function isReadableByOthers(path: string): Promise<boolean> {
  try {
    return ((await stat(path)).mode & 0o077) !== 0;
  } catch {
    return false; // Whoever reads the file next meets the same error, and says so.
  }
}

/** The text of a file; undefined when there is none. @throws {CliError} usage — it is there and cannot be read. */
async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(exitCodes.usage, `cannot read the context file: ${reason}`, { cause });
  }
}

function parseContexts(content: unknown, path: string): ContextFile {
  const problems: string[] = [];
  const root = asObject(content, "the file", problems);
  const entries = asObject(root["contexts"] ?? {}, "contexts", problems);
  const contexts = new Map<string, AgentContext>();
  for (const [name, value] of Object.entries(entries)) {
    const entry = asObject(value, `contexts.${name}`, problems);
    const text = (key: string): string | undefined => {
      const found = entry[key];
      if (found === undefined || typeof found === "string") return found;
      problems.push(`contexts.${name}.${key}: must be a string`);
      return undefined;
    };
    const [endpoint, token, tokenFile] = [text("endpoint"), text("token"), text("token_file")];
    const [ca, cert, key] = [text("ca_file"), text("cert_file"), text("key_file")];
    if (endpoint === undefined) problems.push(`contexts.${name}.endpoint: is required`);
    contexts.set(name, {
      endpoint: endpoint ?? "",
      ...(token === undefined ? {} : { token }),
      ...(tokenFile === undefined ? {} : { tokenFile }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  }
  const { current } = root;
  if (current !== undefined && typeof current !== "string") {
    problems.push("current: must be the name of a context");
  }
  if (problems.length > 0) {
    throw new CliError(exitCodes.usage, `${path} is no context file`, { problems });
  }
  return { current: typeof current === "string" && current !== "" ? current : undefined, contexts };
}

function asObject(value: unknown, at: string, problems: string[]): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  problems.push(`${at}: must be a map`);
  return {};
}
