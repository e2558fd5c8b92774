import { explainError } from "@persys/client";
import { timestampDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { LogStream, type StreamLogsResponse } from "@persys/client/contract";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";

/** What `persysctl logs` was given. */
export interface LogsOptions {
  readonly id: string;
  readonly follow: boolean;
  readonly tail: number | undefined;
  readonly sinceMs: number | undefined;
  readonly timestamps: boolean;
  readonly stream: "stdout" | "stderr" | undefined;
}

type StreamName = "stdout" | "stderr";

/**
 * Writes the output of a workload: what it wrote to stdout to stdout, the rest to stderr, byte for byte, as the workload's own terminal would
 * have it. Ends when the output does, with `follow` when the workload is deleted.
 */
export async function logs(session: Session, options: LogsOptions): Promise<ExitCode> {
  try {
    return await show(session, options);
  } catch (error) {
    if (session.host.signal.aborted || explainError(error).code !== "not_found") throw error;
    // Either the workload or its output is missing; the agent knows which.
    const client = await session.connect();
    await client.getWorkloadStatus({ id: options.id }, { signal: session.host.signal });
    await session.out.note(`${options.id} has no output: nothing of it has run`);
    return exitCodes.ok;
  }
}

async function show(session: Session, options: LogsOptions): Promise<ExitCode> {
  const { host, out } = session;
  const client = await session.connect();
  const lines = { stdout: lineSplitter(), stderr: lineSplitter() };
  const perLine = options.timestamps || out.flags.json;
  let isTimed = true;
  const request = {
    id: options.id,
    follow: options.follow,
    ...(options.tail === undefined ? {} : { tailLines: options.tail }),
    ...(options.sinceMs === undefined ? {} : { since: timestampFromMs(options.sinceMs) }),
  };
  for await (const chunk of client.streamLogs(request, { signal: host.signal })) {
    const stream: StreamName = chunk.stream === LogStream.STDERR ? "stderr" : "stdout";
    if (options.stream !== undefined && stream !== options.stream) continue;
    if (isTimed && options.timestamps && timeOf(chunk) === "") {
      isTimed = false;
      await out.note(`the runtime of ${options.id} keeps no times: lines are shown without`);
    }
    if (!perLine) {
      await out.raw(chunk.data, stream);
      continue;
    }
    for (const line of lines[stream].push(chunk.data)) {
      await writeLine(session, { line, stream, time: timeOf(chunk) });
    }
  }
  for (const stream of ["stdout", "stderr"] as const) {
    const line = lines[stream].rest();
    if (line.length > 0) await writeLine(session, { line, stream, time: "" });
  }
  return exitCodes.ok;
}

async function writeLine(
  session: Session,
  entry: { readonly line: Uint8Array; readonly stream: StreamName; readonly time: string },
): Promise<void> {
  const { line, stream, time } = entry;
  if (session.out.flags.json) {
    const text = new TextDecoder().decode(line);
    await session.out.json({ time, stream, text }, "line");
    return;
  }
  const head = Buffer.from(time === "" ? "" : `${time} `);
  await session.out.raw(Buffer.concat([head, line, Buffer.from("\n")]), stream);
}

/** RFC 3339 to the millisecond; empty where the runtime does not know. */
function timeOf({ receivedAt }: StreamLogsResponse): string {
  return receivedAt === undefined ? "" : timestampDate(receivedAt).toISOString();
}

/** A line longer than this is cut in two: it is held in memory until it ends. */
const lineBytesMax = 1024 * 1024;

/** Joins chunks and cuts them at line ends. */
function lineSplitter(): { push(data: Uint8Array): Uint8Array[]; rest(): Uint8Array } {
  let held: Uint8Array = new Uint8Array();
  return {
    push(data) {
      let from = 0;
      const lines: Uint8Array[] = [];
      const all = held.length === 0 ? data : Buffer.concat([held, data]);
      for (;;) {
        const end = all.indexOf(0x0a, from);
        if (end < 0) break;
        lines.push(all.subarray(from, end));
        from = end + 1;
      }
      held = all.subarray(from);
      if (held.length > lineBytesMax) lines.push(this.rest());
      return lines;
    },
    rest() {
      const rest = held;
      held = new Uint8Array();
      return rest;
    },
  };
}
