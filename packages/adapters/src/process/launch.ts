import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AgentError, type ProcessSpec } from "@persys/core";
import type { CgroupLeaf } from "./cgroups.ts";
import { type CheckedCommand, defaultPath } from "./command-check.ts";
import { isGone, processError } from "./process-errors.ts";
import type { ResolvedProcessOptions } from "./process-options.ts";
import { parseRunRecord } from "./run-records.ts";
import { launchVariable, supervisorExit } from "./supervisor-script.ts";
import { until } from "../shared/wait.ts";

/** One run of an instance, ready to start. */
export interface Launch {
  readonly workloadId: string;
  readonly folder: string;
  /** The run's number: higher than any run or stop before. */
  readonly number: number;
  readonly spec: ProcessSpec;
  readonly command: CheckedCommand;
  /** The control group to run in; undefined where there are none. */
  readonly leaf: CgroupLeaf | undefined;
  /** The words that limit the process itself. */
  readonly limitWords: readonly string[];
  readonly supervisorPath: string;
  readonly options: Pick<ResolvedProcessOptions, "logBytesMax" | "logFilesMax">;
}

/** `started`: the program's process is on record. `refused`: another start or a stop came first; look again. */
export type LaunchResult = "started" | "refused";

/** A supervisor needs some 20 ms, and waits up to 5 s for the one before it; more means a host in trouble. */
const startTimeoutMs = 20_000;

/**
 * Starts a supervisor and waits until it has put its program's process on record. Once spawned it goes its own way: an abort ends the
 * waiting only.
 * @throws {AgentError} with effect `none` when nothing was spawned; else the run may have begun.
 */
export async function launch(run: Launch, signal: AbortSignal): Promise<LaunchResult> {
  signal.throwIfAborted();
  const supervisor = spawn(
    "/bin/sh",
    [run.supervisorPath, run.workloadId, ...run.spec.command, ...(run.spec.args ?? [])],
    { cwd: run.folder, env: environmentOf(run), detached: true, stdio: "ignore" },
  );
  const end = endOf(supervisor);
  supervisor.unref();
  const isDecided = (): boolean =>
    end.code !== undefined || end.error !== undefined || isOnRecord(run);
  if (!(await until(isDecided, { timeoutMs: startTimeoutMs, signal })))
    throw new AgentError("TIMEOUT", "the supervisor of a process did not start it in time", {
      retryable: true,
      details: { timeoutMs: startTimeoutMs },
    });
  if (end.error !== undefined)
    throw processError(end.error, "start the supervisor of a process", { effect: "none" });
  if (isOnRecord(run)) return "started";
  if (end.code === supervisorExit.locked || end.code === supervisorExit.overtaken) return "refused";
  throw new AgentError(
    "RUNTIME_ERROR",
    `the supervisor could not start its process: ${troubleOf(run.folder)}`,
    { retryable: true, details: { supervisorCode: end.code ?? -1 } },
  );
}

interface End {
  code: number | undefined;
  error: Error | undefined;
}

function endOf(supervisor: ChildProcess): End {
  const end: End = { code: undefined, error: undefined };
  supervisor.once("error", (error) => {
    end.error = error;
  });
  supervisor.once("exit", (code) => {
    end.code = code ?? -1;
  });
  return end;
}

function isOnRecord(run: Launch): boolean {
  const path = join(run.folder, `run.${run.number}`);
  if (!existsSync(path)) return false;
  return parseRunRecord(readFileSync(path, "latin1")) !== undefined;
}

function troubleOf(folder: string): string {
  try {
    return readFileSync(join(folder, "trouble"), "utf8").trim().slice(0, 300);
  } catch (error) {
    if (isGone(error)) return "it left no message";
    throw error;
  }
}

/** What steers the supervisor, and the program's environment in names that mean nothing to anyone on the way. */
function environmentOf(run: Launch): Record<string, string> {
  const { spec, leaf, number, options } = run;
  const entries = programEnvironment(run);
  const variables: Record<string, string> = {
    PATH: defaultPath,
    [launchVariable.run]: String(number),
    [launchVariable.runPadded]: String(number).padStart(10, "0"),
    [launchVariable.segmentBytes]: String(options.logBytesMax),
    [launchVariable.segments]: String(options.logFilesMax),
    [launchVariable.oom]: leaf?.oomFile ?? "",
    [launchVariable.kill]: leaf?.membersFile ?? "",
    [launchVariable.prlimit]: run.limitWords.join(" "),
    [launchVariable.setpriv]: run.command.userWords.join(" "),
    [launchVariable.directory]: spec.workingDir || "/",
    [launchVariable.umask]: "022",
    [launchVariable.envCount]: String(entries.length),
  };
  for (const [index, path] of (leaf?.procsFiles ?? []).entries())
    variables[`${launchVariable.cgroup}${index}`] = path;
  for (const [index, [name, value]] of entries.entries())
    variables[`${launchVariable.env}${index}`] = `${name}=${value}`;
  return variables;
}

/** Exactly what the spec says, besides a PATH, and a HOME where a user is named. */
function programEnvironment(run: Launch): readonly (readonly [string, string])[] {
  const home = run.command.user === undefined ? {} : { HOME: run.command.user.home };
  return Object.entries({ PATH: defaultPath, ...home, ...run.spec.env });
}
