import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "./run-tool.ts";
import { defaultPath } from "./command-check.ts";

/** What the supervisor and the launch run: util-linux, coreutils, and getent of the C library. */
const tools = ["flock", "setsid", "prlimit", "setpriv", "mkfifo", "rm", "cat", "split", "getent"];

/** Those that this host lacks, besides anything that is no Linux. */
export async function missingTools(signal: AbortSignal): Promise<readonly string[]> {
  if (process.platform !== "linux") return ["Linux"];
  const found = await Promise.all(tools.map(isThere));
  signal.throwIfAborted();
  const missing = tools.filter((_, index) => found[index] !== true);
  if (missing.length > 0) return missing;
  // Other splits know no filter, which bounds the logs.
  const { code } = await runTool(["split", "--filter=true", "/dev/null"], signal);
  return code === 0 ? [] : ["split of GNU coreutils"];
}

async function isThere(tool: string): Promise<boolean> {
  const places = defaultPath.split(":").map((it) => access(join(it, tool), constants.X_OK));
  const results = await Promise.allSettled(places);
  return results.some((it) => it.status === "fulfilled");
}
