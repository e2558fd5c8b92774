import { toJson } from "@bufbuild/protobuf";
import { type WhoAmIResponse, WhoAmIResponseSchema } from "@persys/client/contract";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";
import { safeLine } from "../text/safe-text.ts";
import { jsonOptions } from "./json.ts";

/** Shows who the agent takes the user for, and what that one may do. */
export async function whoAmI(session: Session): Promise<ExitCode> {
  const { out, host } = session;
  const client = await session.connect();
  const answer = await client.whoAmI({}, { signal: host.signal });
  if (out.flags.json) {
    await out.json(toJson(WhoAmIResponseSchema, answer, jsonOptions));
    return exitCodes.ok;
  }
  const rows: readonly (readonly [name: string, value: string])[] = [
    ["Identity", answer.identity],
    ["Role", answer.role],
    ["Workloads", workloadsOf(answer)],
    ["Methods", answer.methods.join(", ")],
    ["Endpoint", session.connection()?.endpoint ?? ""],
    ["Signed in by", meansOf(session)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 1;
  for (const [name, value] of rows) {
    await out.line(`${out.palette.title(`${name}:`.padEnd(width))} ${safeLine(value)}`);
  }
  return exitCodes.ok;
}

function workloadsOf({ workloads }: WhoAmIResponse): string {
  if (workloads === undefined) return "all";
  const { ids, labels } = workloads;
  const parts = [
    ...(ids.length === 0 ? [] : [`id ${ids.join(" or ")}`]),
    ...Object.entries(labels).map(([name, value]) => `label ${name}=${value}`),
  ];
  return parts.join(", ") || "all";
}

/** An agent goes by the token where it gets both. */
function meansOf(session: Session): string {
  const { token, certificate } = session.connection() ?? {};
  if (token !== undefined) return "token";
  return certificate === undefined ? "nothing" : `certificate ${certificate.file}`;
}
