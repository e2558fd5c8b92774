import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { ProcessSpec } from "@persys/core";
import {
  canChangeUser,
  changeUserWords,
  findUser,
  type HostUser,
  isOwnAccount,
} from "./host-user.ts";
import { isGone, processError, refusal } from "./process-errors.ts";
import { runTool } from "./run-tool.ts";

/** Where programs are looked up when a spec sets no PATH; what the program then finds as its own PATH. */
export const defaultPath: string = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A spec's command, found on this host. */
export interface CheckedCommand {
  /** Undefined: the agent's own account. */
  readonly user: HostUser | undefined;
  /** The words that change to the user; empty for the agent's own account. */
  readonly userWords: readonly string[];
}

/**
 * Finds what the spec needs on this host: its user, its working directory, its program, which that user may run.
 * @throws {AgentError} COMMAND_NOT_FOUND, PERMISSION_DENIED or INVALID_SPEC, naming the field; nothing was started.
 */
export async function checkCommand(
  spec: ProcessSpec,
  signal: AbortSignal,
): Promise<CheckedCommand> {
  const user = spec.user ? await findUser(spec.user, signal) : undefined;
  if (user !== undefined && !isOwnAccount(user) && !canChangeUser())
    throw refusal(
      "PERMISSION_DENIED",
      `only an agent that runs as root can start programs as another user: ${spec.user}`,
      "user",
    );
  const directory = spec.workingDir || "/";
  assertDirectory(directory);
  const program = findProgram(spec);
  const isGroupGiven = spec.user?.includes(":") ?? false;
  const userWords = user === undefined ? [] : changeUserWords(user, isGroupGiven);
  if (userWords.length > 0) {
    const isAllowed = async (flag: string, path: string): Promise<boolean> =>
      (await runTool([...userWords, "test", flag, path], signal)).code === 0;
    if (!(await isAllowed("-x", directory)))
      throw refusal("PERMISSION_DENIED", `${spec.user} may not enter ${directory}`, "workingDir");
    if (!(await isAllowed("-x", program)))
      throw refusal("PERMISSION_DENIED", `${spec.user} may not execute ${program}`, "command");
  }
  return { user, userWords };
}

function assertDirectory(directory: string): void {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(directory).isDirectory();
  } catch (error) {
    if (!isGone(error))
      throw processError(error, `look at the working directory ${directory}`, { effect: "none" });
    throw refusal(
      "INVALID_SPEC",
      `the working directory does not exist: ${directory}`,
      "workingDir",
    );
  }
  if (!isDirectory)
    throw refusal(
      "INVALID_SPEC",
      `the working directory is no directory: ${directory}`,
      "workingDir",
    );
}

/** The program's path. An empty or relative entry of PATH would mean the working directory, and is passed over. */
function findProgram(spec: ProcessSpec): string {
  const name = spec.command[0] ?? "";
  const path = spec.env?.["PATH"] ?? defaultPath;
  const candidates = isAbsolute(name)
    ? [name]
    : path
        .split(":")
        .filter(isAbsolute)
        .map((it) => join(it, name));
  let denied: string | undefined;
  for (const candidate of candidates) {
    const found = executability(candidate);
    if (found === "executable") return candidate;
    if (found === "denied") denied ??= candidate;
  }
  if (denied !== undefined)
    throw refusal("PERMISSION_DENIED", `${denied} is not an executable file`, "command");
  const where = isAbsolute(name) ? "" : ` in ${path}`;
  throw refusal("COMMAND_NOT_FOUND", `there is no program ${name}${where}`, "command");
}

function executability(path: string): "executable" | "denied" | "missing" {
  try {
    if (!statSync(path).isFile()) return "denied";
    accessSync(path, constants.X_OK);
    return "executable";
  } catch (error) {
    return isGone(error) || isNoFolder(error) ? "missing" : "denied";
  }
}

function isNoFolder(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOTDIR";
}
