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
    await out.note("no actions");
    return exitCodes.ok;
  }
  const columns = actionColumns(out.palette, host.now, options.wide);
  const columnsMax = options.wide ? undefined : out.columns;
  const layout = { columnsMax, paintTitle: out.palette.title };
  for (const line of tableLines(columns, answer.actions, layout)) await out.line(line);
  return exitCodes.ok;
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
