import { type MessageShape, toJson } from "@bufbuild/protobuf";
import { followWorkloads } from "@persys/client";
import {
  ActualState,
  GetWorkloadResponseSchema,
  ListWorkloadsResponseSchema,
  WatchWorkloadsResponseSchema,
  WorkloadType,
  type WorkloadStatus,
} from "@persys/client/contract";
import { stringify } from "yaml";
import { CliError } from "../cli-error.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";
import { columnWidths, rowLine, tableLines } from "../text/table.ts";
import { stateName } from "../text/names.ts";
import type { GetFormat } from "./get-formats.ts";
import { jsonOptions } from "./json.ts";
import { neededColumns, statusColumns } from "./status-columns.ts";

/** What `persysctl get` was given. */
export interface GetOptions {
  readonly id: string | undefined;
  readonly format: GetFormat;
  readonly watch: boolean;
  readonly type: string | undefined;
  readonly states: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Shows one workload, or all that the filters let through; with `watch` also every change until interrupted. */
export async function get(session: Session, options: GetOptions): Promise<ExitCode> {
  if (options.watch) return watch(session, options);
  if (options.id !== undefined) return getOne(session, options.id, options.format);
  const workloads = await listAll(session, options);
  if (options.format === "json" || options.format === "yaml") {
    const message: MessageShape<typeof ListWorkloadsResponseSchema> = {
      $typeName: "persys.agent.v1.ListWorkloadsResponse",
      workloads: [...workloads],
      nextPageToken: "",
    };
    await structured(
      session,
      toJson(ListWorkloadsResponseSchema, message, jsonOptions),
      options.format,
    );
  } else {
    await lines(session, workloads, options.format);
    if (workloads.length === 0 && options.format !== "id") {
      await session.out.note(
        isFiltered(options)
          ? "no workload matches"
          : "no workloads yet: `persysctl apply -f FILE` makes one",
      );
    }
  }
  return exitCodes.ok;
}

async function getOne(session: Session, id: string, format: GetFormat): Promise<ExitCode> {
  const { signal } = session.host;
  const client = await session.connect();
  if (format === "json" || format === "yaml") {
    const answer = await client.getWorkload({ id }, { signal });
    await structured(session, toJson(GetWorkloadResponseSchema, answer, jsonOptions), format);
  } else {
    const { status } = await client.getWorkloadStatus({ id }, { signal });
    await lines(session, status === undefined ? [] : [status], format);
  }
  return exitCodes.ok;
}

/** Every page. */
async function listAll(session: Session, options: GetOptions): Promise<readonly WorkloadStatus[]> {
  const client = await session.connect();
  const found: WorkloadStatus[] = [];
  let pageToken = "";
  do {
    const page = await client.listWorkloads(
      { ...filterOf(options), states: statesOf(options), pageToken },
      { signal: session.host.signal },
    );
    found.push(...page.workloads);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return found;
}

/** Prints what is there and then each change, a line or a JSON document each. Filters by state are applied here: a change out of one is shown. */
async function watch(session: Session, options: GetOptions): Promise<ExitCode> {
  const { host, out } = session;
  const { format } = options;
  if (format === "yaml") {
    throw new CliError(exitCodes.usage, "-w writes a table or JSON; -o yaml does not go with it");
  }
  const client = await session.connect();
  const request = { ...filterOf(options), ...(options.id === undefined ? {} : { id: options.id }) };
  const states = statesOf(options);
  const table = changeTable(session, format);
  const shown = new Set<string>();
  const onInterrupted = (_: unknown, retryInMs: number): void =>
    void out.note(`connection to the agent lost, trying again in ${retryInMs} ms`);
  for await (const change of followWorkloads(client, request, {
    signal: host.signal,
    onInterrupted,
  })) {
    const { event } = change;
    if (event.case === "bookmark" || event.case === undefined) continue;
    if (event.case === "snapshot" || event.case === "changed") {
      const passes = states.length === 0 || states.includes(event.value.actualState);
      if (!passes && !shown.has(event.value.id)) continue;
      if (passes) shown.add(event.value.id);
      else shown.delete(event.value.id);
    }
    if (format === "json")
      await out.json(toJson(WatchWorkloadsResponseSchema, change, jsonOptions), "line");
    else if (event.case === "synced") await table.begin();
    else if (event.case === "deleted") await table.deleted(event.value.id);
    else await table.status(event.value);
  }
  return exitCodes.interrupted;
}

interface ChangeTable {
  begin(): Promise<void>;
  status(status: WorkloadStatus): Promise<void>;
  deleted(id: string): Promise<void>;
}

/** A table that grows: what is there at the beginning sets the widths. */
function changeTable(session: Session, format: "table" | "wide" | "id" | "json"): ChangeTable {
  const { out, host } = session;
  const columns = statusColumns(out.palette, host.now, format === "wide");
  let first: WorkloadStatus[] | undefined = [];
  let widths: readonly number[] = [];
  // Some changes show in no column: another age alone is no news.
  const lastCells = new Map<string, string>();
  const isNews = (status: WorkloadStatus): boolean => {
    const cells = columns.filter(({ title }) => title !== "AGE").map(({ text }) => text(status));
    const now = cells.join("\n");
    const before = lastCells.get(status.id);
    lastCells.set(status.id, now);
    return now !== before;
  };
  const columnsMax = format === "wide" ? undefined : out.columns;
  return {
    begin: async () => {
      const rows = first;
      if (rows === undefined) return;
      first = undefined;
      rows.forEach(isNews);
      widths = columnWidths(columns, rows).map((width, index) =>
        Math.max(width, columns[index]?.widthMin ?? 0),
      );
      if (format === "id") for (const { id } of rows) await out.line(id);
      else
        for (const line of tableLines(columns, rows, {
          widths,
          columnsMax,
          paintTitle: out.palette.title,
        }))
          await out.line(line);
    },
    status: async (status) => {
      if (first !== undefined) first.push(status);
      else if (isNews(status))
        await out.line(
          format === "id" ? status.id : rowLine(columns, status, { widths, columnsMax }),
        );
    },
    deleted: async (id) => {
      lastCells.delete(id);
      if (format !== "id") await out.line(`${id}  deleted`);
    },
  };
}

async function lines(
  session: Session,
  workloads: readonly WorkloadStatus[],
  format: "table" | "wide" | "id",
): Promise<void> {
  const { out, host } = session;
  if (format === "id") {
    for (const { id } of workloads) await out.line(id);
    return;
  }
  if (workloads.length === 0) return;
  const columns = neededColumns(statusColumns(out.palette, host.now, format === "wide"), workloads);
  const columnsMax = format === "wide" ? undefined : out.columns;
  const layout = { columnsMax, paintTitle: out.palette.title };
  for (const line of tableLines(columns, workloads, layout)) await out.line(line);
}

async function structured(session: Session, json: unknown, format: "json" | "yaml"): Promise<void> {
  if (format === "json") await session.out.json(json);
  else await session.out.raw(stringify(json));
}

function filterOf(options: GetOptions): {
  readonly type?: WorkloadType;
  readonly runtime?: string;
  readonly labels: Record<string, string>;
} {
  const labels = { ...options.labels };
  if (options.type === undefined) return { labels };
  const known = Object.entries(WorkloadType).find(
    ([name]) => name.toLowerCase() === options.type?.toLowerCase(),
  );
  // Any other word names a runtime that an embedder registered.
  return known === undefined ? { labels, runtime: options.type } : { labels, type: known[1] };
}

function statesOf(options: GetOptions): ActualState[] {
  return options.states.map((name) => {
    const state = Object.values(ActualState).find(
      (it) => stateName(it).toLowerCase() === name.toLowerCase(),
    );
    if (state === undefined)
      throw new CliError(exitCodes.usage, `--state: there is no state "${name}"`);
    return state;
  });
}

function isFiltered({ type, states, labels }: GetOptions): boolean {
  return type !== undefined || states.length > 0 || Object.keys(labels).length > 0;
}
