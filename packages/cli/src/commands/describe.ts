import { toJson } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import {
  type ExplainWorkloadResponse,
  ExplainWorkloadResponseSchema,
  GetWorkloadResponseSchema,
  ListActionsResponseSchema,
  type WorkloadFailure,
  type WorkloadStatus,
} from "@persys/client/contract";
import { stringify } from "yaml";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";
import { humanBytes } from "../text/bytes.ts";
import { humanDuration } from "../text/duration.ts";
import {
  desiredName,
  healthName,
  reasonName,
  runtimeName,
  stateName,
  statePaint,
} from "../text/names.ts";
import { safeLine, safeText } from "../text/safe-text.ts";
import { type Column, tableLines } from "../text/table.ts";
import { actionColumns } from "./actions.ts";
import { jsonOptions } from "./json.ts";

/** What is measured of a workload, and of each of its services. */
type UsageFigures = Pick<
  NonNullable<WorkloadStatus["usage"]>,
  "cpuPercent" | "memoryBytes" | "diskReadBytes" | "diskWriteBytes" | "netRxBytes" | "netTxBytes"
>;

/** How many entries of the history go with a description. */
const actionsShown = 5;

/** Shows all that the agent says about one workload: what is wanted, what is there, what stands between them and what comes next. */
export async function describe(session: Session, id: string): Promise<ExitCode> {
  const { out, host } = session;
  const client = await session.connect();
  const call = { signal: host.signal };
  const [explanation, workload, actions] = await Promise.all([
    client.explainWorkload({ id }, call),
    client.getWorkload({ id }, call),
    client.listActions({ workloadId: id, limit: actionsShown, newestFirst: true }, call),
  ]);
  if (out.flags.json) {
    await out.json({
      explanation: toJson(ExplainWorkloadResponseSchema, explanation, jsonOptions),
      workload: toJson(GetWorkloadResponseSchema, workload, jsonOptions),
      ...(toJson(ListActionsResponseSchema, actions, jsonOptions) as object),
    });
    return exitCodes.ok;
  }
  const { title } = out.palette;
  const print = async (lines: readonly string[]): Promise<void> => {
    for (const line of lines) await out.line(line);
  };
  const section = async (name: string, lines: readonly string[]): Promise<void> => {
    if (lines.length === 0) return;
    await print(["", title(name), ...lines.map((line) => `  ${line}`)]);
  };
  const tables = { columnsMax: out.columns === undefined ? undefined : out.columns - 2 };
  await print(facts(session, explanation));
  await section("Usage of services", serviceUsageLines(explanation.status));
  await section(
    "Differences",
    explanation.differences.map((it) => `- ${safeLine(it)}`),
  );
  await section("Next step", nextLines(explanation, host.now));
  await section("Instances", instanceLines(explanation));
  const steps = explanation.history;
  await section(
    "Recent steps",
    steps.length === 0 ? [] : tableLines(stepColumns(host.now), steps, tables),
  );
  const columns = actionColumns(out.palette, host.now, false).filter(
    ({ title: it }) => it !== "WORKLOAD",
  );
  await section(
    "Recent actions",
    actions.actions.length === 0 ? [] : tableLines(columns, actions.actions, tables),
  );
  const json = toJson(GetWorkloadResponseSchema, workload, { useProtoFieldName: true });
  const spec =
    typeof json === "object" && json !== null && "spec" in json ? json["spec"] : undefined;
  await section("Spec", spec === undefined ? [] : safeText(stringify(spec)).trimEnd().split("\n"));
  return exitCodes.ok;
}

function facts(
  session: Session,
  { status, wanted, observed }: ExplainWorkloadResponse,
): readonly string[] {
  if (status === undefined) return [];
  const { out, host } = session;
  const ago = (seconds: bigint): string => humanDuration(host.now() - Number(seconds) * 1000);
  const since = status.lastTransitionAt === 0n ? "" : `, for ${ago(status.lastTransitionAt)}`;
  const state = statePaint(out.palette, status.actualState)(stateName(status.actualState));
  const pairs = (map: Readonly<Record<string, string>>): string =>
    Object.entries(map)
      .map(([key, value]) => `${key}=${value}`)
      .join(", ");
  const rows: readonly (readonly [name: string, value: string])[] = [
    ["Id", safeLine(status.id)],
    ["Type", safeLine(runtimeName(status))],
    ["State", `${state}${since}`],
    ["Message", safeLine(status.message)],
    ["Failure", status.failure === undefined ? "" : failureLine(status.failure, host.now)],
    [
      "Wanted",
      safeLine(
        `${desiredName(wanted?.desiredState ?? status.desiredState)}, revision ${status.revisionId}, generation ${status.generation}`,
      ),
    ],
    ["Observed", safeLine(observedLine(status, ago))],
    ["Health", healthLine(status, observed)],
    ["Image", safeLine(status.metadata["container.image"] ?? "")],
    ["Ports", safeLine(status.metadata["container.ports"] ?? "")],
    ["Address", safeLine(status.metadata["vm.ip_addresses"] ?? "")],
    ["Disks", safeLine(status.metadata["vm.disks"] ?? "")],
    ["Console", safeLine(status.metadata["vm.console_log"] ?? "")],
    ["Usage", usageLine(status.usage, ago)],
    ["Restarts", status.restarts === 0 ? "" : String(status.restarts)],
    ["Created", status.createdAt === 0n ? "" : `${ago(status.createdAt)} ago`],
    ["Labels", safeLine(pairs(status.labels))],
    ["Uid", safeLine(status.uid)],
    ["Digest", safeLine(wanted?.specDigest ?? "")],
  ];
  return rows
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${out.palette.title(`${name}:`.padEnd(10))} ${value}`);
}

function observedLine(status: WorkloadStatus, ago: (seconds: bigint) => string): string {
  const revision =
    status.observedRevisionId === "" ? "no instance" : `revision ${status.observedRevisionId}`;
  return status.observedAt === 0n
    ? `${revision}, not looked at yet`
    : `${revision}, looked at ${ago(status.observedAt)} ago`;
}

/** What the health check says, and what it wrote last. */
function healthLine(
  { health }: WorkloadStatus,
  observed: ExplainWorkloadResponse["observed"],
): string {
  const name = healthName(health);
  const output = observed.find(({ kept }) => !kept)?.healthOutput ?? "";
  return name === "" || output === "" ? name : safeLine(`${name}, last output: ${output}`);
}

/** Such as `3.1 % of a core; 12.4 MiB; disk 0 B read, 4.0 KiB written; network 1.2 KiB in, 800 B out; measured 12s ago`. */
function usageLine(usage: WorkloadStatus["usage"], ago: (seconds: bigint) => string): string {
  if (usage === undefined) return "";
  return `${figuresText(usage)}; measured ${ago(usage.collectedAt)} ago`;
}

/** What each service of a compose application uses, of the sum in the line of usage. */
function serviceUsageLines(status: ExplainWorkloadResponse["status"]): readonly string[] {
  const services = status?.usage?.services ?? [];
  return services.map((it) => `${safeLine(it.name)}  ${figuresText(it)}`);
}

function figuresText(figures: UsageFigures): string {
  const { cpuPercent, memoryBytes, diskReadBytes, diskWriteBytes, netRxBytes, netTxBytes } =
    figures;
  return [
    `${cpuPercent.toFixed(1)} % of a core`,
    humanBytes(memoryBytes),
    `disk ${humanBytes(diskReadBytes)} read, ${humanBytes(diskWriteBytes)} written`,
    `network ${humanBytes(netRxBytes)} in, ${humanBytes(netTxBytes)} out`,
  ].join("; ");
}

function failureLine(failure: WorkloadFailure, now: () => number): string {
  const { reason, message, retryable, attempts, nextRetryAt } = failure;
  const tries = attempts === 0 ? "" : `, ${attempts} failed ${attempts === 1 ? "try" : "tries"}`;
  const dueInMs = Number(nextRetryAt) * 1000 - now();
  const due =
    nextRetryAt === 0n ? "" : `, next try ${dueInMs <= 0 ? "now" : `in ${humanDuration(dueInMs)}`}`;
  const retries = retryable ? "" : ", not tried again by itself";
  return safeLine(`${reasonName(reason)}: ${message}${tries}${due}${retries}`);
}

function nextLines(
  { next, blockedBy }: ExplainWorkloadResponse,
  now: () => number,
): readonly string[] {
  if (next === undefined) return [];
  const dueInMs = next.dueAt === undefined ? 0 : timestampMs(next.dueAt) - now();
  const due = dueInMs > 0 ? ` (in ${humanDuration(dueInMs)})` : "";
  return [
    safeLine(`${next.step}${due}: ${next.cause}`),
    ...(blockedBy === "" ? [] : [safeLine(`waits for ${blockedBy}`)]),
  ];
}

function instanceLines({ observed }: ExplainWorkloadResponse): readonly string[] {
  return observed.flatMap(({ handle, revisionId, state, exit, health, kept, facts: known }) => {
    const said = [
      state,
      healthName(health),
      `revision ${revisionId}`,
      exit === "" ? "" : `ended: ${exit}`,
      kept ? "kept to go back to" : "",
    ];
    return [
      safeLine(`${handle}  ${said.filter((it) => it !== "").join(", ")}`),
      ...Object.entries(known).map(([name, value]) => safeLine(`    ${name}: ${value}`)),
    ];
  });
}

function stepColumns(
  now: () => number,
): readonly Column<ExplainWorkloadResponse["history"][number]>[] {
  const age = (at: Timestamp | undefined): string =>
    at === undefined ? "" : humanDuration(now() - timestampMs(at));
  return [
    { title: "AGE", text: ({ at }) => age(at) },
    { title: "STEP", text: ({ step }) => step },
    { title: "OUTCOME", text: ({ outcome }) => outcome },
    { title: "CAUSE", text: ({ cause }) => cause },
  ];
}
