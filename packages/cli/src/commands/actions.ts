import { toJson } from "@bufbuild/protobuf";
import { type AgentAction, ListActionsResponseSchema } from "@persys/client/contract";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Palette } from "../output.ts";
import type { Session } from "../session.ts";
import { humanDuration, rfc3339 } from "../text/duration.ts";
import { type Column, tableLines } from "../text/table.ts";
import { jsonOptions } from "./json.ts";

/** What `persysctl actions` was given. */
export interface ActionsOptions {
  readonly id: string | undefined;
  readonly limit: number;
  readonly status: string | undefined;
  readonly type: string | undefined;
  /** Moments instead of ages, and more columns. */
  readonly wide: boolean;
}

/** Shows who asked for what and what came of it, the newest first. */
export async function actions(session: Session, options: ActionsOptions): Promise<ExitCode> {
  const { out, host } = session;
  const client = await session.connect();
  const answer = await client.listActions(
    {
      workloadId: options.id ?? "",
      actionType: actionType(options.type),
      status: options.status ?? "",
      limit: options.limit,
      newestFirst: true,
    },
    { signal: host.signal },
  );
  if (out.flags.json) {
    await out.json(toJson(ListActionsResponseSchema, answer, jsonOptions));
    return exitCodes.ok;
  }
  if (answer.actions.length === 0) {
    await out.note(options.status === deniedStatus ? "no denied calls" : "no actions");
    return exitCodes.ok;
  }
  const columnsOf = options.status === deniedStatus ? deniedColumns : actionColumns;
  const columns = columnsOf(out.palette, host.now, options.wide);
  const columnsMax = options.wide ? undefined : out.columns;
  const layout = { columnsMax, paintTitle: out.palette.title };
  for (const line of tableLines(columns, answer.actions, layout)) await out.line(line);
  return exitCodes.ok;
}

/** Under which status calls that were denied are asked for. */
const deniedStatus = "denied";

/** The columns for calls that were denied. */
function deniedColumns(
  palette: Palette,
  now: () => number,
  wide: boolean,
): readonly Column<AgentAction>[] {
  const ago = (seconds: bigint): string =>
    wide ? rfc3339(Number(seconds) * 1000) : humanDuration(now() - Number(seconds) * 1000);
  const told: Column<AgentAction> = { title: "TOLD", text: (it) => it.error };
  const trace: Column<AgentAction> = { title: "TRACE", text: (it) => it.traceparent };
  return [
    { title: "LAST", text: (it) => ago(it.endedAt) },
    { title: "FIRST", text: (it) => ago(it.createdAt) },
    { title: "TIMES", text: (it) => String(it.count) },
    { title: "BY", text: (it) => (it.caller === "" ? `somebody at ${it.address}` : it.caller) },
    { title: "CALL", text: (it) => it.actionType },
    { title: "WORKLOAD", text: (it) => it.workloadId },
    { title: "REASON", text: (it) => it.reason, paint: (cell) => palette.bad(cell) },
    ...(wide ? [trace] : []),
    told,
  ];
}

/** The columns for entries of the history. */
export function actionColumns(
  palette: Palette,
  now: () => number,
  wide: boolean,
): readonly Column<AgentAction>[] {
  const time = (seconds: bigint): string => rfc3339(Number(seconds) * 1000);
  const base: readonly Column<AgentAction>[] = [
    wide
      ? { title: "WHEN", text: (it) => time(it.createdAt) }
      : { title: "AGE", text: (it) => humanDuration(now() - Number(it.createdAt) * 1000) },
    { title: "WORKLOAD", text: (it) => it.workloadId },
    { title: "ACTION", text: (it) => it.actionType.replace(/_workload$/, "") },
    { title: "STATUS", text: (it) => it.status, paint: statusPaint(palette) },
    { title: "TOOK", text: took },
    { title: "REVISION", text: (it) => it.revisionId },
    { title: "BY", text: (it) => it.caller },
  ];
  const error: Column<AgentAction> = { title: "ERROR", text: (it) => it.error };
  if (!wide) return [...base, error];
  return [
    ...base,
    { title: "GENERATION", text: (it) => String(it.generation) },
    { title: "TASK", text: (it) => it.taskId },
    { title: "TRACE", text: (it) => it.traceparent },
    error,
  ];
}

function statusPaint(palette: Palette): (cell: string, row: AgentAction) => string {
  return (cell, { status }) => {
    if (status === "completed") return palette.good(cell);
    return status === "failed" ? palette.bad(cell) : palette.busy(cell);
  };
}

function took({ createdAt, endedAt }: AgentAction): string {
  return endedAt === 0n ? "" : humanDuration(Number(endedAt - createdAt) * 1000);
}

/** `apply` is short for `apply_workload`. */
function actionType(type: string | undefined): string {
  if (type === undefined) return "";
  return type.endsWith("_workload") ? type : `${type}_workload`;
}
