import { AgentError } from "@persys/core";
import { z } from "zod";
import { LineSplitter } from "./line-splitter.ts";

/** One line of what the engine tells during a pull. Its texts are for people. */
export interface PullLine {
  readonly status?: string | undefined;
  /** Of a layer, 12 hex digits; in the first line the tag. */
  readonly id?: string | undefined;
  readonly progressDetail?:
    | { readonly current?: number | undefined; readonly total?: number | undefined }
    | null
    | undefined;
  /** Why the pull failed: the last line then. Newer engines may say it in `errorDetail` alone. */
  readonly error?: string | undefined;
  readonly errorDetail?: { readonly message?: string | undefined } | null | undefined;
}

const lineSchema: z.ZodType<PullLine> = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: z
    .object({ current: z.number().optional(), total: z.number().optional() })
    .nullish(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string().optional() }).nullish(),
});

/** Longest line. The engine's own are of a few hundred bytes; an error may carry a page that a registry answered. */
const lineBytesMax = 1_048_576;

/**
 * The lines of a pull, in order, wherever the chunks of the stream begin and end. Ending early ends the stream.
 * @throws {AgentError} RUNTIME_ERROR for what is no line of JSON or is too long. What the stream itself throws.
 */
export async function* pullLines(
  stream: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<PullLine, void, undefined> {
  const lines = new LineSplitter(lineBytesMax);
  for await (const chunk of stream) {
    for (const text of lines.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk)) {
      const line = parsedLine(text);
      if (line !== undefined) yield line;
    }
  }
}

/** Undefined for an empty line. */
function parsedLine(text: string | undefined): PullLine | undefined {
  if (text === undefined) throw unreadable(`a line of more than ${lineBytesMax} bytes`, undefined);
  if (text.trim() === "") return undefined;
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch (error) {
    throw unreadable(`a line of ${text.length} characters`, error);
  }
}

function unreadable(what: string, cause: unknown): AgentError {
  return new AgentError(
    "RUNTIME_ERROR",
    `could not read what the engine tells about the pull: ${what}`,
    { retryable: true, cause },
  );
}
