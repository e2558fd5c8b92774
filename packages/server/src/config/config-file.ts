import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";

/** Settings of a file by key, and where they come from. */
export interface ConfigFile {
  readonly path: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Larger files are no configuration. */
const bytesMax = 1_048_576;
const fileName = "agent_config.yaml";

/** What is looked at to find the file. */
export interface ConfigFileSearch {
  /** Given by flag or environment: then this one and no other. */
  readonly explicitPath?: string;
  /** The user's home folder; undefined for root, whose configuration is the system's. */
  readonly home?: string;
  /** Reads a file as text; throws with the `code` of the system. Default: the file system. */
  readonly readText?: (path: string) => string;
}

/** What came of looking for a configuration file. */
export type FoundConfigFile =
  | { readonly ok: true; readonly file: ConfigFile | undefined }
  | { readonly ok: false; readonly path: string; readonly rule: string };

/**
 * The configuration file: the one named explicitly, else the first there is of `/etc/persys` and `~/.persys`. The working directory is
 * never searched: a file that somebody left where the agent happens to be started must not steer a service that may run as root.
 */
export function findConfigFile(search: ConfigFileSearch): FoundConfigFile {
  const { explicitPath, home, readText = (path) => readFileSync(path, "utf8") } = search;
  const candidates =
    explicitPath === undefined
      ? [
          join("/etc/persys", fileName),
          ...(home === undefined ? [] : [join(home, ".persys", fileName)]),
        ]
      : [explicitPath];
  for (const path of candidates) {
    let text: string;
    try {
      text = readText(path);
    } catch (error) {
      const code = errnoOf(error);
      if (code === "ENOENT" && explicitPath === undefined) continue;
      return { ok: false, path, rule: `cannot be read (${code})` };
    }
    return parseConfigText(path, text);
  }
  return { ok: true, file: undefined };
}

function parseConfigText(path: string, text: string): FoundConfigFile {
  if (text.length > bytesMax) return { ok: false, path, rule: "is larger than 1 MiB" };
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0].line;
    return {
      ok: false,
      path,
      rule: `is not valid YAML${line === undefined ? "" : ` at line ${line}`} (${error.code})`,
    };
  }
  const settings: unknown = document.toJS();
  if (settings === null) return { ok: true, file: { path, settings: {} } };
  if (typeof settings !== "object" || Array.isArray(settings)) {
    return { ok: false, path, rule: "must be a mapping of settings, such as http_port: 50052" };
  }
  return { ok: true, file: { path, settings: { ...settings } } };
}

function errnoOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  throw error;
}
