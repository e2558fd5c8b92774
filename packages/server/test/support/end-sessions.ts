import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/**
 * Ends the processes that carry `folder` in their arguments, the supervisors of an agent that keeps its things there, with the sessions of
 * what they have started: a program has one of its own. Then takes their empty control groups away. Resolves once all are gone.
 */
export async function endSessionsOf(folder: string): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  const sessions = new Set<string>();
  for (;;) {
    const found = processes();
    const supervisors = new Set(
      found.filter((one) => one.args.includes(folder)).map((one) => one.pid),
    );
    for (const { pid, parent, session } of found)
      if (supervisors.has(pid) || supervisors.has(parent)) sessions.add(session);
    const left = found.filter((one) => sessions.has(one.session));
    if (left.length === 0) break;
    if (performance.now() > deadlineMs)
      throw new Error(`cannot end ${left.length} processes of ${folder}`);
    for (const { pid } of left) kill(pid);
    await wait(10);
  }
  // The kernel takes a moment to see that the last member of a group has gone.
  while (!removeGroupsOf(folder)) {
    if (performance.now() > deadlineMs) throw new Error(`control groups of ${folder} stay`);
    await wait(10);
  }
}

/** Whether they are gone: the control groups named after the node id, which the development profile keeps in the folder. */
function removeGroupsOf(folder: string): boolean {
  const nodeId = read(`${folder}/node-id`).trim();
  const root = "/sys/fs/cgroup";
  if (nodeId === "" || !existsSync(root)) return true;
  for (const parent of ["", ...readdirSync(root)]) {
    const group = join(root, parent, `persys-${nodeId}`);
    if (!existsSync(group)) continue;
    const inner = readdirSync(group, { withFileTypes: true }).filter((one) => one.isDirectory());
    if (![...inner.map(({ name }) => join(group, name)), group].every(isRemoved)) return false;
  }
  return true;
}

function isRemoved(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EBUSY") return false;
    throw error;
  }
}

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly session: string;
  readonly args: string;
}

/** Every process that is none of this test run's own session and no zombie. */
function processes(): Seen[] {
  const own = standing(String(process.pid))?.session;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stands = standing(name);
      if (stands === undefined || stands.session === own) return [];
      return [{ pid: Number(name), ...stands, args: read(`/proc/${name}/cmdline`) }];
    });
}

/** Fields 4 and 6 of /proc/PID/stat, counted after the name; undefined for a zombie and for a process that has ended. */
function standing(pid: string): Pick<Seen, "parent" | "session"> | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const [state, parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (stat === "" || state === "Z" || session === undefined) return undefined;
  return { parent: Number(parent), session };
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
