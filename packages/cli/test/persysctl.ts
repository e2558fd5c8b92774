import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { tempFolder } from "./temp-folder.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** How a run of persysctl ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of persysctl that goes on. */
export interface Running {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Stdout is read no further until the function that comes back is called. */
  pauseStdout(): () => void;
  /** The reader of stdout goes away. */
  closeStdout(): void;
}

/** What a run is given besides its arguments. Its environment holds nothing else. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
}

/** Starts persysctl as a process of its own, from the sources, in a folder where it finds no agent by itself. */
export async function startPersysctl(
  args: readonly string[],
  options: RunOptions = {},
): Promise<Running> {
  const cwd = options.cwd ?? (await tempFolder());
  const child = spawn(process.execPath, ["--conditions=@persys/source", main, ...args], {
    cwd,
    env: { ...inherited(), HOME: cwd, ...options.env },
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => (text[name] += chunk));
  }
  child.stdin.end(options.stdin ?? "");
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, signal) => resolve({ exitCode, signal, ...text }));
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return {
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    ended,
    kill: (signal) => void child.kill(signal),
    pauseStdout: () => {
      child.stdout.pause();
      return () => void child.stdout.resume();
    },
    closeStdout: () => child.stdout.destroy(),
  };
}

/** Runs persysctl to its end. */
export async function persysctl(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return (await startPersysctl(args, options)).ended;
}

/** What it needs to run at all, and to start fast where the sources were compiled before. */
function inherited(): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return { PATH, NODE_COMPILE_CACHE };
}
