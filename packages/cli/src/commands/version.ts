import { CliError } from "../cli-error.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { ownVersion } from "../own-version.ts";
import type { Session } from "../session.ts";
import { safeLine } from "../text/safe-text.ts";

/** How long the agent's version may take: it is a courtesy. */
const agentTimeoutMs = 2000;

/** Shows the version of persysctl and, unless `clientOnly`, that of the agent where one answers. */
export async function version(
  session: Session,
  options: { readonly clientOnly: boolean },
): Promise<ExitCode> {
  const { out } = session;
  const own = ownVersion();
  const agent = options.clientOnly ? undefined : await agentVersion(session);
  if (out.flags.json) {
    await out.json({
      persysctl: own,
      node: process.version,
      ...(agent === undefined ? {} : { agent }),
    });
    return exitCodes.ok;
  }
  await out.line(`persysctl ${own}`);
  if (agent?.version !== undefined)
    await out.line(safeLine(`agent ${agent.version} at ${agent.endpoint}`));
  else if (agent !== undefined) await out.note(`no agent: ${agent.problem ?? ""}`);
  return exitCodes.ok;
}

interface AgentVersion {
  readonly endpoint?: string;
  readonly version?: string;
  readonly problem?: string;
}

async function agentVersion(session: Session): Promise<AgentVersion> {
  try {
    const client = await session.connect();
    const { version: found } = await client.healthCheck(
      {},
      { timeoutMs: agentTimeoutMs, signal: session.host.signal },
    );
    return { endpoint: session.connection()?.endpoint ?? "", version: found };
  } catch (error) {
    if (session.host.signal.aborted) throw error;
    if (error instanceof CliError) return { problem: error.message };
    const endpoint = session.connection()?.endpoint ?? "";
    const { explainError } = await import("@persys/client");
    return { endpoint, problem: `${endpoint}: ${explainError(error).message}` };
  }
}
