import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";
import type { Host } from "../host.ts";
import { type AgentContext, contextFilePath, loadContexts } from "./context-file.ts";
import { type DevAgent, findDevAgent } from "./dev-agent.ts";

/** What the command line says about the agent to talk to. */
export interface ConnectionFlags {
  readonly endpoint?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly context?: string | undefined;
}

/** The agent to talk to. */
export interface Connection {
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Where the endpoint comes from, in words for a person: `--endpoint`, `context "prod"`. */
  readonly source: string;
  /** Set when it is a development agent that was found by itself. */
  readonly dev?: DevAgent;
}

/** A place that may name an agent. `token` resolves to what goes with it. */
interface Candidate {
  readonly source: string;
  readonly endpoint: string | undefined;
  /** Undefined: it has none. */
  readonly token: (() => Promise<string>) | undefined;
  /** The token was stored for this endpoint and goes to no other. */
  readonly tokenIsBound: boolean;
  readonly dev?: DevAgent;
}

/**
 * Which agent to talk to, and with which token. Each of the two comes from the first that has it:
 *
 *     1. --endpoint, --token, --token-file       3. PERSYS_ENDPOINT, PERSYS_TOKEN, PERSYS_TOKEN_FILE
 *     2. the context of --context                4. the context of PERSYS_CONTEXT, else the current one
 *                                                5. the development agent of this folder or one above
 *
 * A token from a context or of a development agent goes to their own endpoint only, wherever that was named: an endpoint on the command line
 * never receives what was stored for another.
 * @throws {CliError} usage — nothing names an agent, or what does is wrong.
 */
export async function resolveConnection(
  flags: ConnectionFlags,
  host: Pick<Host, "env" | "cwd" | "homeDir" | "userId">,
): Promise<Connection> {
  const candidates = [
    flagCandidate(flags),
    ...(await contextCandidate(flags.context, "--context", host)),
    environmentCandidate(host),
    ...(await storedCandidates(flags, host)),
  ];
  const chosen = candidates.find((it) => it.endpoint !== undefined);
  if (chosen?.endpoint === undefined) {
    throw new CliError(
      exitCodes.usage,
      "no agent is named, and no development agent was found here",
      {
        hints: [
          "start one with `npm start`, in this folder or one above it",
          "or name one with --endpoint, PERSYS_ENDPOINT or `persysctl context set`",
        ],
      },
    );
  }
  const endpoint = parseEndpoint(chosen.endpoint, chosen.source);
  const token = candidates.find(
    (it) => it.token !== undefined && (!it.tokenIsBound || leadsTo(it.endpoint, endpoint)),
  )?.token;
  return {
    endpoint,
    token: await token?.(),
    source: chosen.source,
    ...(chosen.dev === undefined ? {} : { dev: chosen.dev }),
  };
}

/** `text` as the address of an agent: a bare `host:port` is taken as http. @throws {CliError} usage. */
export function parseEndpoint(text: string, source: string): string {
  const endpoint = endpointOf(text);
  if (endpoint !== undefined) return endpoint;
  throw new CliError(exitCodes.usage, `${source}: "${text}" is no address of an agent`, {
    hints: ["an address looks like http://127.0.0.1:50052"],
  });
}

function endpointOf(text: string): string | undefined {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(url)) return undefined;
  const { protocol, origin, pathname } = new URL(url);
  return /^https?:$/.test(protocol) ? `${origin}${pathname.replace(/\/+$/, "")}` : undefined;
}

function flagCandidate({ endpoint, token, tokenFile }: ConnectionFlags): Candidate {
  if (token !== undefined && tokenFile !== undefined) {
    throw new CliError(exitCodes.usage, "--token and --token-file exclude each other");
  }
  return {
    source: "--endpoint",
    endpoint,
    token: tokenGetter({ token, tokenFile }, "--token-file"),
    tokenIsBound: false,
  };
}

function environmentCandidate({ env }: Pick<Host, "env">): Candidate {
  const [endpoint, token, tokenFile] = ["ENDPOINT", "TOKEN", "TOKEN_FILE"].map(
    (name) => env[`PERSYS_${name}`] || undefined,
  );
  return {
    source: "PERSYS_ENDPOINT",
    endpoint,
    token: tokenGetter({ token, tokenFile }, "PERSYS_TOKEN_FILE"),
    tokenIsBound: false,
  };
}

async function storedCandidates(
  flags: ConnectionFlags,
  host: Pick<Host, "env" | "cwd" | "homeDir" | "userId">,
): Promise<readonly Candidate[]> {
  const named = host.env["PERSYS_CONTEXT"] || undefined;
  const context =
    flags.context === undefined ? await contextCandidate(named, "PERSYS_CONTEXT", host) : [];
  const dev = await findDevAgent(host);
  const current =
    flags.context === undefined && named === undefined ? await currentCandidate(host) : [];
  return [...context, ...current, ...(dev === undefined ? [] : [devCandidate(dev)])];
}

async function contextCandidate(
  name: string | undefined,
  namedBy: string,
  host: Pick<Host, "env" | "homeDir">,
): Promise<readonly Candidate[]> {
  if (name === undefined) return [];
  const path = contextFilePath(host);
  const context = (await loadContexts(path)).contexts[name];
  if (context === undefined) {
    throw new CliError(exitCodes.usage, `${namedBy}: there is no context "${name}" in ${path}`, {
      hints: ["`persysctl context list` names those there are"],
    });
  }
  return [fromContext(name, context, path)];
}

async function currentCandidate(
  host: Pick<Host, "env" | "homeDir">,
): Promise<readonly Candidate[]> {
  const { current } = await loadContexts(contextFilePath(host));
  return contextCandidate(current, "the context file", host);
}

function fromContext(name: string, context: AgentContext, path: string): Candidate {
  const { endpoint, token } = context;
  const tokenFile =
    context.tokenFile === undefined || isAbsolute(context.tokenFile)
      ? context.tokenFile
      : join(dirname(path), context.tokenFile);
  const source = `context "${name}"`;
  return {
    source,
    endpoint,
    token: tokenGetter({ token, tokenFile }, source),
    tokenIsBound: true,
  };
}

function devCandidate(dev: DevAgent): Candidate {
  const source = `the development agent of ${dev.dir}`;
  return {
    source,
    endpoint: dev.endpoint,
    token: tokenGetter({ token: dev.token, tokenFile: undefined }, source),
    tokenIsBound: true,
    dev,
  };
}

function tokenGetter(
  from: { readonly token: string | undefined; readonly tokenFile: string | undefined },
  source: string,
): (() => Promise<string>) | undefined {
  const { token, tokenFile } = from;
  if (token !== undefined) return () => Promise.resolve(token);
  return tokenFile === undefined ? undefined : () => readToken(tokenFile, source);
}

async function readToken(path: string, source: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(path, "utf8")).trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(exitCodes.usage, `${source}: cannot read the token: ${reason}`, { cause });
  }
  if (token === "" || /\s/.test(token)) {
    throw new CliError(exitCodes.usage, `${source}: ${path} does not hold one token on one line`);
  }
  return token;
}

function leadsTo(text: string | undefined, endpoint: string): boolean {
  return text !== undefined && endpointOf(text) === endpoint;
}
