import { AgentError } from "@persys/core";
import { z } from "zod";

/** One line of what the engine tells during a pull. Its texts are for people. */
export interface PullLine {
  readonly status?: string | undefined;
  /** Of a layer, 12 hex digits; in the first line the tag. */
  readonly id?: string | undefined;
  readonly progressDetail?:
    | { readonly current?: number | undefined; readonly total?: number | undefined }
    | undefined;
  /** Why the pull failed: the last line then. */
  readonly error?: string | undefined;
}

const lineSchema: z.ZodType<PullLine> = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: z
    .object({ current: z.number().optional(), total: z.number().optional() })
    .optional(),
  error: z.string().optional(),
});

/** Longest line. The engine's own are of a few hundred bytes; an error may carry a page that a registry answered. */
const lineBytesMax = 1_048_576;

const newline = 0x0a;

/**
 * The lines of a pull, in order, wherever the chunks of the stream begin and end. Ending early ends the stream.
 * @throws {AgentError} RUNTIME_ERROR for what is no line of JSON or is too long. What the stream itself throws.
 */
export async function* pullLines(
  stream: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<PullLine, void, undefined> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const part of stream) {
    let rest = typeof part === "string" ? Buffer.from(part) : Buffer.from(part);
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      const line = parsedLine(Buffer.concat([...begun, rest.subarray(0, end)]));
      begun = [];
      begunBytes = 0;
      rest = rest.subarray(end + 1);
      if (line !== undefined) yield line;
    }
    if (rest.length === 0) continue;
    begun.push(rest);
    begunBytes += rest.length;
    if (begunBytes > lineBytesMax)
      throw unreadable(`a line of more than ${lineBytesMax} bytes`, undefined);
  }
  const last = parsedLine(Buffer.concat(begun));
  if (last !== undefined) yield last;
}

/** Undefined for an empty line. */
function parsedLine(bytes: Buffer): PullLine | undefined {
  const text = bytes.toString("utf8").trim();
  if (text === "") return undefined;
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch (error) {
    throw unreadable(`a line of ${bytes.length} bytes`, error);
  }
}

function unreadable(what: string, cause: unknown): AgentError {
  return new AgentError(
    "RUNTIME_ERROR",
    `could not read what the engine tells about the pull: ${what}`,
    { retryable: true, cause },
  );
}
