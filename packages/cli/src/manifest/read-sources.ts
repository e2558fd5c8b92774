import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";
import type { Host } from "../host.ts";

/** A file as it was read. */
export interface Source {
  /** As the user named it; `stdin` for `-`. */
  readonly name: string;
  readonly text: string;
}

/** Far more than any workload needs; the agent takes less. */
const sourceBytesMax = 16 * 1024 * 1024;

/** Reads workload files in the order given; `-` is stdin, once. @throws {CliError} usage — naming every file that cannot be read. */
export async function readSources(
  files: readonly string[],
  host: Pick<Host, "stdin">,
): Promise<readonly Source[]> {
  if (files.filter((file) => file === "-").length > 1) {
    throw new CliError(exitCodes.usage, "stdin (-f -) can be read only once");
  }
  const problems: string[] = [];
  const sources: Source[] = [];
  for (const file of files) {
    const name = file === "-" ? "stdin" : file;
    try {
      sources.push({
        name,
        text: await readAll(file === "-" ? host.stdin : createReadStream(file)),
      });
    } catch (error) {
      problems.push(`${name}: ${whyUnreadable(error)}`);
    }
  }
  if (problems.length === 0) return sources;
  throw new CliError(exitCodes.usage, "cannot read the workload files; nothing was applied", {
    problems,
  });
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > sourceBytesMax) {
      stream.destroy();
      throw new Error(`is larger than ${sourceBytesMax / 1024 / 1024} MiB`);
    }
    chunks.push(Buffer.from(chunk));
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}

function whyUnreadable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  switch ("code" in error ? error.code : undefined) {
    case "ENOENT":
      return "no such file";
    case "EISDIR":
      return "is a folder; name the files in it";
    case "EACCES":
      return "permission denied";
    case "ERR_ENCODING_INVALID_ENCODED_DATA":
      return "is not UTF-8 text";
    default:
      return error.message;
  }
}
