import {
  explainError,
  settledOutcome,
  type WaitOptions,
  type WaitOutcome,
  waitUntilGone,
  waitUntilSettled,
} from "@persys/client";
import type { WorkloadStatus } from "@persys/client/contract";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { createProgress } from "./progress.ts";
import type { Session } from "./session.ts";
import { humanDuration } from "./text/duration.ts";
import { stateName } from "./text/names.ts";
import { statusSentence } from "./text/status-sentence.ts";

/** A workload to wait for. `status` is that in the answer to the request. */
export interface Awaited {
  readonly id: string;
  readonly status?: WorkloadStatus | undefined;
}

/** How a wait for one workload ended, in words and as an exit code. */
export interface WaitResult {
  readonly id: string;
  readonly outcome: WaitOutcome;
  readonly exitCode: ExitCode;
  /** One sentence for a person. */
  readonly sentence: string;
}

/** What is waited for: `settled` is RUNNING, STOPPED or FAILED for good. */
export interface WaitGoal {
  readonly until: "settled" | "gone";
  readonly timeoutMs: number;
}

/** Waits for all of them at once, showing progress. Throws when the connection cannot be made or the user interrupts. */
export async function waitForAll(
  session: Session,
  awaited: readonly Awaited[],
  goal: WaitGoal,
): Promise<readonly WaitResult[]> {
  const client = await session.connect();
  const progress = createProgress(session.host, session.out);
  const one = async ({ id, status }: Awaited): Promise<WaitResult> => {
    const options: WaitOptions = {
      signal: session.host.signal,
      timeoutMs: goal.timeoutMs,
      onStatus: (it) => {
        // How it ended is the result's to say, once.
        const isEnd = goal.until === "settled" && settledOutcome(it) !== undefined;
        if (!isEnd) progress.show(id, statusText(it));
      },
      onInterrupted: (error) => {
        const { connection, message } = explainError(error);
        progress.show(id, `connection to the agent lost (${connection ?? message}), trying again`);
      },
    };
    progress.show(id, "waiting");
    const outcome =
      goal.until === "settled"
        ? await waitUntilSettled(client, id, { ...options, since: status })
        : await waitUntilGone(client, id, { ...options, uid: status?.uid });
    progress.drop(id);
    return { id, outcome, ...judge(id, outcome, goal) };
  };
  try {
    return await Promise.all(awaited.map(one));
  } catch (error) {
    progress.end();
    if (session.host.signal.aborted) {
      const ids = awaited.map(({ id }) => id).join(", ");
      await session.out.note(
        `no longer waiting: what was asked for goes on; see \`persysctl get\` (${ids})`,
      );
    }
    throw error;
  } finally {
    progress.end();
  }
}

/** The exit code for several results: that of the first that is not well. */
export function exitCodeOfAll(results: readonly WaitResult[]): ExitCode {
  return results.find(({ exitCode }) => exitCode !== exitCodes.ok)?.exitCode ?? exitCodes.ok;
}

function judge(
  id: string,
  outcome: WaitOutcome,
  goal: WaitGoal,
): { readonly exitCode: ExitCode; readonly sentence: string } {
  switch (outcome.kind) {
    case "settled":
      return { exitCode: exitCodes.ok, sentence: `${id}: ${statusText(outcome.status)}` };
    case "failed":
      return {
        exitCode: exitCodes.workloadFailed,
        sentence: `${id}: ${statusText(outcome.status)}; see \`persysctl describe ${id}\``,
      };
    case "gone":
      return goal.until === "gone"
        ? { exitCode: exitCodes.ok, sentence: `${id}: deleted` }
        : { exitCode: exitCodes.notFound, sentence: `${id}: was deleted while it was waited for` };
    case "timedOut": {
      const last = outcome.status === undefined ? "nothing seen" : statusText(outcome.status);
      const after = humanDuration(goal.timeoutMs);
      return {
        exitCode: exitCodes.timedOut,
        sentence: `${id}: not ${goal.until} after ${after}, it goes on: ${last}`,
      };
    }
  }
}

/** `FAILED, EXITED: exit code 1` or `PENDING, starting`. */
function statusText(status: WorkloadStatus): string {
  const state = stateName(status.actualState);
  const said = statusSentence(status);
  return said === "" ? state : `${state}, ${said}`;
}
