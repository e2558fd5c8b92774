import { dirname, isAbsolute, join } from "node:path";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";
import type { Host } from "../host.ts";
import { type AgentContext, contextFilePath, loadContexts } from "./context-file.ts";
import type { CredentialFile, NamedCredentials, NameOfFile } from "./credentials.ts";
import { type DevAgent, findDevAgent } from "./dev-agent.ts";

/** What the command line says about the agent to talk to. */
export interface ConnectionFlags {
  readonly endpoint?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly context?: string | undefined;
}

/** A place that may name an agent and how to sign in there. */
export interface Place {
  /** In words for a person: `--endpoint`, `context "prod"`. */
  readonly source: string;
  readonly endpoint: string | undefined;
  readonly credentials: NamedCredentials;
  readonly nameOf: NameOfFile;
  /** What it names was stored for its endpoint and goes to no other. */
  readonly isBound: boolean;
  readonly dev?: DevAgent;
}

/** What of a host the places are found by. */
export type PlacesHost = Pick<Host, "env" | "cwd" | "homeDir" | "userId">;

const flagOf: Readonly<Record<CredentialFile, string>> = {
  tokenFile: "--token-file",
  ca: "--ca",
  cert: "--cert",
  key: "--key",
};

const variableOf: Readonly<Record<CredentialFile, string>> = {
  tokenFile: "PERSYS_TOKEN_FILE",
  ca: "PERSYS_CA_FILE",
  cert: "PERSYS_CERT_FILE",
  key: "PERSYS_KEY_FILE",
};

/** All places there are, the one that counts most first. @throws {CliError} usage — a context is unknown, or its file is wrong. */
export async function findPlaces(
  flags: ConnectionFlags,
  host: PlacesHost,
): Promise<readonly Place[]> {
  return [
    flagPlace(flags),
    ...(await contextPlace(flags.context, "--context", host)),
    environmentPlace(host),
    ...(await storedPlaces(flags, host)),
  ];
}

function flagPlace(flags: ConnectionFlags): Place {
  const { endpoint, token, tokenFile, ca, cert, key } = flags;
  if (token !== undefined && tokenFile !== undefined) {
    throw new CliError(exitCodes.usage, "--token and --token-file exclude each other");
  }
  return {
    source: "--endpoint",
    endpoint,
    credentials: withoutAbsent({ token, tokenFile, ca, cert, key }),
    nameOf: (file) => flagOf[file],
    isBound: false,
  };
}

function environmentPlace({ env }: Pick<Host, "env">): Place {
  const named = (variable: string): string | undefined => env[variable] || undefined;
  return {
    source: "PERSYS_ENDPOINT",
    endpoint: named("PERSYS_ENDPOINT"),
    credentials: withoutAbsent({
      token: named("PERSYS_TOKEN"),
      tokenFile: named(variableOf.tokenFile),
      ca: named(variableOf.ca),
      cert: named(variableOf.cert),
      key: named(variableOf.key),
    }),
    nameOf: (file) => variableOf[file],
    isBound: false,
  };
}

async function storedPlaces(flags: ConnectionFlags, host: PlacesHost): Promise<readonly Place[]> {
  const named = host.env["PERSYS_CONTEXT"] || undefined;
  const context =
    flags.context === undefined ? await contextPlace(named, "PERSYS_CONTEXT", host) : [];
  const dev = await findDevAgent(host);
  const current =
    flags.context === undefined && named === undefined ? await currentPlace(host) : [];
  return [...context, ...current, ...(dev === undefined ? [] : [devPlace(dev)])];
}

async function contextPlace(
  name: string | undefined,
  namedBy: string,
  host: Pick<Host, "env" | "homeDir">,
): Promise<readonly Place[]> {
  if (name === undefined) return [];
  const path = contextFilePath(host);
  const context = (await loadContexts(path)).contexts.get(name);
  if (context === undefined) {
    throw new CliError(exitCodes.usage, `${namedBy}: there is no context "${name}" in ${path}`, {
      hints: ["`persysctl context list` names those there are"],
    });
  }
  return [fromContext(name, context, path)];
}

async function currentPlace(host: Pick<Host, "env" | "homeDir">): Promise<readonly Place[]> {
  const { current } = await loadContexts(contextFilePath(host));
  return contextPlace(current, "the context file", host);
}

function fromContext(name: string, context: AgentContext, path: string): Place {
  const { endpoint, token } = context;
  const beside = (file: string | undefined): string | undefined =>
    file === undefined || isAbsolute(file) ? file : join(dirname(path), file);
  const source = `context "${name}"`;
  return {
    source,
    endpoint,
    credentials: withoutAbsent({
      token,
      tokenFile: beside(context.tokenFile),
      ca: beside(context.ca),
      cert: beside(context.cert),
      key: beside(context.key),
    }),
    nameOf: () => source,
    isBound: true,
  };
}

function devPlace(dev: DevAgent): Place {
  const source = `the development agent of ${dev.dir}`;
  return {
    source,
    endpoint: dev.endpoint,
    credentials: withoutAbsent({ token: dev.token, ca: dev.ca }),
    nameOf: () => source,
    isBound: true,
    dev,
  };
}

function withoutAbsent<Name extends string>(
  values: Readonly<Record<Name, string | undefined>>,
): Readonly<Partial<Record<Name, string>>> {
  const there: Partial<Record<Name, string>> = {};
  for (const name in values) {
    const value = values[name];
    if (value !== undefined) there[name] = value;
  }
  return there;
}
