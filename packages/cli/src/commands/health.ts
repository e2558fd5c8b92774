import { toJson } from "@bufbuild/protobuf";
import { HealthCheckResponseSchema } from "@persys/client/contract";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";
import { jsonOptions } from "./json.ts";
import { safeLine } from "../text/safe-text.ts";

/** Shows how the agent is. The exit code is 1 where it is not healthy. */
export async function health(session: Session): Promise<ExitCode> {
  const { out, host } = session;
  const client = await session.connect();
  const answer = await client.healthCheck({}, { signal: host.signal });
  const exitCode = answer.healthy ? exitCodes.ok : exitCodes.failure;
  if (out.flags.json) {
    await out.json(toJson(HealthCheckResponseSchema, answer, jsonOptions));
    return exitCode;
  }
  const { good, bad, title } = out.palette;
  const word = (text: string): string => (text === "healthy" ? good(text) : bad(safeLine(text)));
  const percent = (value: number): string => `${value.toFixed(1)} %`;
  const counts = Object.entries(answer.workloadCounts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${safeLine(state)}`);
  const rows: readonly (readonly [name: string, value: string])[] = [
    ["Agent", answer.healthy ? good("healthy") : bad("unhealthy")],
    ...answer.reasons.map((reason) => ["Reason", bad(safeLine(reason))] as const),
    ["Endpoint", safeLine(session.connection()?.endpoint ?? "")],
    ["Node", safeLine(answer.nodeId)],
    ["Version", safeLine(answer.version)],
    ["Store", word(answer.store)],
    ...Object.entries(answer.runtimeStatus)
      .toSorted(([one], [other]) => one.localeCompare(other))
      .map(([name, state]) => {
        const version = safeLine(answer.runtimeVersions[name] ?? "");
        return [
          `Runtime ${safeLine(name)}`,
          version === "" ? word(state) : `${word(state)}, ${version}`,
        ] as const;
      }),
    ["Workloads", counts.length === 0 ? "none" : counts.join(", ")],
    ["CPU", percent(answer.cpuUtilization)],
    ["Memory", percent(answer.memoryUtilization)],
    ["Disk", percent(answer.diskUtilization)],
    ...answer.orphans.map((orphan) => ["Orphan", safeLine(orphan)] as const),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 1;
  for (const [name, value] of rows) await out.line(`${title(`${name}:`.padEnd(width))} ${value}`);
  return exitCode;
}
