import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { processError } from "./process-errors.ts";

/** How a tool of the host ended. */
export interface ToolResult {
  readonly code: number;
  readonly output: string;
}

const execute = promisify(execFile);

/**
 * Runs a short tool to its end; an exit code other than 0 is a result like any other.
 * @throws the signal's reason when it aborts, after ending the tool. {AgentError} when the tool cannot be run.
 */
export async function runTool(words: readonly string[], signal: AbortSignal): Promise<ToolResult> {
  const [tool = "", ...args] = words;
  try {
    const { stdout } = await execute(tool, args, { signal, encoding: "utf8" });
    return { code: 0, output: stdout };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && "code" in error && typeof error.code === "number")
      return { code: error.code, output: "" };
    throw processError(error, `run ${tool}`, { effect: "none" });
  }
}
