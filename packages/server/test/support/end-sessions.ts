import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/**
 * Ends, with all their descendants, the processes that carry `folder` in their arguments: the workloads of an agent that keeps its things
 * there, which outlive it. A workload's processes share the session of its supervisor. Resolves once they are gone.
 */
export async function endSessionsOf(folder: string): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  const sessions = new Set<string>();
  for (;;) {
    const found = processes();
    for (const one of found) if (one.args.includes(folder)) sessions.add(one.session);
    const left = found.filter((one) => sessions.has(one.session));
    if (left.length === 0) return;
    if (performance.now() > deadlineMs)
      throw new Error(`cannot end ${left.length} processes of ${folder}`);
    for (const { pid } of left) kill(pid);
    await wait(10);
  }
}

interface Seen {
  readonly pid: number;
  readonly session: string;
  readonly args: string;
}

/** Every process that is none of this test run's own session and no zombie. */
function processes(): Seen[] {
  const own = sessionOf(String(process.pid));
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const session = sessionOf(name);
      if (session === undefined || session === own) return [];
      return [{ pid: Number(name), session, args: read(`/proc/${name}/cmdline`) }];
    });
}

/** Field 6 of /proc/PID/stat, counted after the name; undefined for a zombie and for a process that has ended. */
function sessionOf(pid: string): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const [state, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return stat === "" || state === "Z" ? undefined : session;
}

/** The file as text; empty when its process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error) return "";
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
