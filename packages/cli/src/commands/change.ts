import { toJson } from "@bufbuild/protobuf";
import type { AgentClient } from "@persys/client";
import {
  ApplyWorkloadResponseSchema,
  DeleteWorkloadResponseSchema,
  DesiredState,
  RetryWorkloadResponseSchema,
  type WorkloadStatus,
} from "@persys/client/contract";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { reportFailure } from "../report-failure.ts";
import type { Session } from "../session.ts";
import { safeLine } from "../text/safe-text.ts";
import {
  type Awaited,
  exitCodeOfAll,
  waitForAll,
  type WaitGoal,
  type WaitResult,
} from "../wait.ts";
import { jsonOptions } from "./json.ts";

/** What the commands that change workloads by their ids were given. */
export interface ChangeOptions {
  readonly ids: readonly string[];
  readonly wait: boolean;
  readonly timeoutMs: number;
}

/** What came of the request for one workload. */
interface Answer {
  /** Nothing had to be done. */
  readonly nothingToDo: boolean;
  /** What there is to say besides that it is done. */
  readonly message: string;
  readonly status: WorkloadStatus | undefined;
  readonly json: unknown;
}

interface Change {
  readonly verb: string;
  readonly until: WaitGoal["until"];
  readonly call: (client: AgentClient, id: string, signal: AbortSignal) => Promise<Answer>;
}

const setState = (desiredState: DesiredState, alreadySo: string): Change["call"] => {
  return async (client, id, signal) => {
    // An unknown id is to be told as such, not as an apply that lacks its spec.
    await client.getWorkloadStatus({ id }, { signal });
    // Without a spec and a revision only the wanted state changes.
    const answer = await client.applyWorkload({ id, desiredState }, { signal });
    const { skipped, status } = answer;
    const json = toJson(ApplyWorkloadResponseSchema, answer, jsonOptions);
    return { nothingToDo: skipped, message: skipped ? alreadySo : "", status, json };
  };
};

/** A command of {@link change}. */
export type ChangeName = "stop" | "start" | "delete" | "retry";

const changes: Readonly<Record<ChangeName, Change>> = {
  stop: {
    verb: "stopping",
    until: "settled",
    call: setState(DesiredState.STOPPED, "is to be stopped already"),
  },
  start: {
    verb: "starting",
    until: "settled",
    call: setState(DesiredState.RUNNING, "is to run already"),
  },
  delete: {
    verb: "deleting",
    until: "gone",
    call: async (client, id, signal) => {
      const answer = await client.deleteWorkload({ id }, { signal });
      const { status } = answer;
      const json = toJson(DeleteWorkloadResponseSchema, answer, jsonOptions);
      const nothingToDo = status === undefined;
      return { nothingToDo, message: nothingToDo ? answer.message : "", status, json };
    },
  },
  retry: {
    verb: "trying again",
    until: "settled",
    call: async (client, id, signal) => {
      const answer = await client.retryWorkload({ id }, { signal });
      const { accepted, status } = answer;
      const json = toJson(RetryWorkloadResponseSchema, answer, jsonOptions);
      return { nothingToDo: !accepted, message: accepted ? "" : answer.message, status, json };
    },
  },
};

/**
 * Asks for the change for each id in turn. One that fails is reported and does not keep the others from it; the exit code is that of the
 * first failure.
 */
export async function change(
  session: Session,
  name: ChangeName,
  options: ChangeOptions,
): Promise<ExitCode> {
  const { out, host } = session;
  const wanted = changes[name];
  const client = await session.connect();
  const done: { readonly id: string; readonly answer: Answer }[] = [];
  let firstFailure: ExitCode = exitCodes.ok;
  for (const id of new Set(options.ids)) {
    try {
      const answer = await wanted.call(client, id, host.signal);
      done.push({ id, answer });
      if (!out.flags.json) await out.line(line(id, wanted, answer));
    } catch (error) {
      // Whatever made this one fail on the way to the agent would fail the next one, too.
      const { exitCode } = await reportFailure(session, error, id);
      if (firstFailure === exitCodes.ok) firstFailure = exitCode;
      if (exitCode === exitCodes.unreachable || exitCode === exitCodes.interrupted) break;
    }
  }
  const results = options.wait ? await waitFor(session, wanted, { done, options }) : [];
  if (out.flags.json) {
    await out.json({
      results: done.map(({ id, answer }) => {
        const result = results.find((it) => it.id === id);
        const outcome = result === undefined ? {} : { outcome: result.outcome.kind };
        return { id, ...outcome, ...(answer.json as object) };
      }),
    });
  }
  return firstFailure === exitCodes.ok ? exitCodeOfAll(results) : firstFailure;
}

async function waitFor(
  session: Session,
  wanted: Change,
  from: {
    readonly done: readonly { readonly id: string; readonly answer: Answer }[];
    readonly options: ChangeOptions;
  },
): Promise<readonly WaitResult[]> {
  const awaited: readonly Awaited[] = from.done
    .filter(({ answer }) => answer.status !== undefined)
    .map(({ id, answer }) => ({ id, status: answer.status }));
  if (awaited.length === 0) return [];
  const { timeoutMs } = from.options;
  const results = await waitForAll(session, awaited, { until: wanted.until, timeoutMs });
  for (const { sentence } of results) {
    if (!session.out.flags.json) await session.out.line(safeLine(sentence));
  }
  return results;
}

function line(id: string, { verb }: Change, { nothingToDo, message }: Answer): string {
  const said = safeLine(message);
  if (nothingToDo) return `${safeLine(id)}: ${said === "" ? "nothing to do" : said}`;
  return `${safeLine(id)}: ${verb}${said === "" ? "" : `, ${said}`}`;
}
