import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";
import { parseEndpoint } from "../settings/connection.ts";
import {
  type AgentContext,
  type ContextFile,
  contextFilePath,
  isReadableByOthers,
  loadContexts,
  saveContexts,
} from "../settings/context-file.ts";
import { tableLines } from "../text/table.ts";

/** Shows the contexts, the current one marked. Tokens are never shown. */
export async function listContexts(session: Session): Promise<ExitCode> {
  const { out, host } = session;
  const path = contextFilePath(host);
  const { current, contexts } = await loadContexts(path);
  const rows = Array.from(contexts, ([name, context]) => ({
    name,
    current: name === current,
    endpoint: context.endpoint,
    credentials: credentials(context),
  }));
  if (out.flags.json) {
    await out.json({ file: path, contexts: rows });
    return exitCodes.ok;
  }
  if (rows.length === 0) {
    await out.note(
      `no contexts in ${path}: \`persysctl context set NAME --endpoint URL\` makes one`,
    );
    return exitCodes.ok;
  }
  const columns = [
    { title: "", text: (row: (typeof rows)[number]): string => (row.current ? "*" : " ") },
    { title: "NAME", text: (row: (typeof rows)[number]): string => row.name },
    { title: "ENDPOINT", text: (row: (typeof rows)[number]): string => row.endpoint },
    { title: "CREDENTIALS", text: (row: (typeof rows)[number]): string => row.credentials },
  ];
  for (const line of tableLines(columns, rows, { paintTitle: out.palette.title }))
    await out.line(line);
  if (
    [...contexts.values()].some(({ token }) => token !== undefined) &&
    (await isReadableByOthers(path))
  ) {
    await out.note(`warning: ${path} holds a token and others can read it: chmod 600`);
  }
  return exitCodes.ok;
}

/** Makes `name` the current context. */
export async function useContext(session: Session, name: string): Promise<ExitCode> {
  const path = contextFilePath(session.host);
  const file = await loadContexts(path);
  known(file, name, path);
  await saveContexts(path, { ...file, current: name });
  await session.out.note(`"${name}" is now the current context`);
  return exitCodes.ok;
}

/** Makes or changes a context from --endpoint and what signs in there; the first one made becomes the current one. */
export async function setContext(session: Session, name: string): Promise<ExitCode> {
  const { host, flags } = session;
  const path = contextFilePath(host);
  const file = await loadContexts(path);
  const before = file.contexts.get(name);
  const endpoint = flags.endpoint ?? before?.endpoint;
  if (endpoint === undefined) {
    throw new CliError(exitCodes.usage, `context "${name}" is new: give its --endpoint`);
  }
  if (flags.token !== undefined && flags.tokenFile !== undefined) {
    throw new CliError(exitCodes.usage, "--token and --token-file exclude each other");
  }
  const context: AgentContext = {
    endpoint: parseEndpoint(endpoint, "--endpoint"),
    ...newCredentials(session, before),
  };
  await saveContexts(path, {
    current: file.current ?? name,
    contexts: new Map(file.contexts).set(name, context),
  });
  await session.out.note(`context "${name}" is in ${path}`);
  return exitCodes.ok;
}

/** Removes a context. */
export async function deleteContext(session: Session, name: string): Promise<ExitCode> {
  const path = contextFilePath(session.host);
  const file = await loadContexts(path);
  known(file, name, path);
  const contexts = new Map([...file.contexts].filter(([it]) => it !== name));
  await saveContexts(path, { current: file.current === name ? undefined : file.current, contexts });
  await session.out.note(`context "${name}" is removed`);
  return exitCodes.ok;
}

function known(file: ContextFile, name: string, path: string): void {
  if (file.contexts.has(name)) return;
  throw new CliError(exitCodes.usage, `there is no context "${name}" in ${path}`, {
    hints: ["`persysctl context list` names those there are"],
  });
}

/** A token, or a certificate, that is given takes the place of both; an authority that of the one before. */
function newCredentials(
  { flags, host }: Session,
  before: AgentContext | undefined,
): Omit<AgentContext, "endpoint"> {
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new CliError(exitCodes.usage, "--cert and --key go together: name both files");
  }
  const file = (named: string): string => resolve(host.cwd, named);
  const given = {
    ...(flags.token === undefined ? {} : { token: flags.token }),
    ...(flags.tokenFile === undefined ? {} : { tokenFile: file(flags.tokenFile) }),
    ...(flags.cert === undefined ? {} : { cert: file(flags.cert) }),
    ...(flags.key === undefined ? {} : { key: file(flags.key) }),
  };
  const { endpoint: _, ca, ...kept } = before ?? { endpoint: "" };
  const trusted = flags.ca === undefined ? ca : file(flags.ca);
  return {
    ...(Object.keys(given).length === 0 ? kept : given),
    ...(trusted === undefined ? {} : { ca: trusted }),
  };
}

function credentials({ token, tokenFile, cert }: AgentContext): string {
  const signIn = [
    ...(token === undefined ? [] : ["token"]),
    ...(tokenFile === undefined ? [] : [`token in ${tokenFile}`]),
    ...(cert === undefined ? [] : [`certificate in ${cert}`]),
  ];
  return signIn.join(", ") || "none";
}
