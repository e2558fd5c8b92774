import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";
import { contextFilePath, loadContexts } from "../settings/context-file.ts";
import { safeLine } from "../text/safe-text.ts";

/** Longer, and a person who presses Tab takes the shell for stuck. */
const answerMs = 1000;

/** Prints the words a shell may complete to, a line each. Whatever goes wrong, it prints nothing: a completion has no place for errors. */
export async function completeWords(
  session: Session,
  kind: "workloads" | "contexts",
): Promise<ExitCode> {
  for (const word of await wordsFor(session, kind)) await session.out.line(safeLine(word));
  return exitCodes.ok;
}

async function wordsFor(
  session: Session,
  kind: "workloads" | "contexts",
): Promise<readonly string[]> {
  try {
    if (kind === "contexts") {
      return [...(await loadContexts(contextFilePath(session.host))).contexts.keys()];
    }
    const client = await session.connect();
    const { workloads } = await client.listWorkloads({}, { timeoutMs: answerMs });
    return workloads.map(({ id }) => id);
  } catch {
    return [];
  }
}
