import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RuntimeSubject, Stranger } from "@persys/conformance";
import { forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { isAlive, ProcessHarness } from "./process-harness.ts";

/** What a program is reported to exit with that SIGTERM has ended. */
const gracefulExitCode = 143;

/** The process runtime over a folder of its own, for the contract of runtimes. */
export async function subject(): Promise<RuntimeSubject> {
  const host = new ProcessHarness();
  const elsewhere = `${host.root}-moved`;
  const ready = join(host.root, "supervisor-ready");
  const otherNode = host.another({ nodeId: "another-node" });
  const rejoin = async (): Promise<void> => {
    if (existsSync(elsewhere)) renameSync(elsewhere, host.root);
  };
  return {
    runtime: host.runtime,
    specs: {
      longRunning: (variant) => host.script("exec sleep 1000", { env: { VARIANT: variant } }),
      exitsWith: (code) => host.script(`exit ${code}`),
      ignoresStop: () =>
        host.script('trap "" TERM; : >"$READY"; while :; do sleep 0.1; done', {
          env: { READY: ready },
        }),
      stopsSlowly: (ms) =>
        host.script(
          `trap 'sleep ${ms / 1000}; exit ${gracefulExitCode}' TERM; : >"$READY"; while :; do sleep 0.05; done`,
          { env: { READY: ready } },
        ),
      secretive: (secret) => host.script("exec sleep 1000", { env: { PASSWORD: secret } }),
      failsToPrepare: () => ({ command: ["/no/such/program"] }),
      prints: (text) => host.script(`echo "${text}"; exec sleep 1000`),
      printsErrors: (text) => host.script(`echo "${text}" >&2; exec sleep 1000`),
      ticks: () => host.script('n=0; while :; do n=$((n+1)); echo "tick $n"; sleep 0.05; done'),
    },
    gracefulExitCode,
    ignoresStopNow: async () => existsSync(ready),
    stopsSlowlyNow: async () => existsSync(ready),
    killBehind: async (id) => {
      process.kill(await host.pid(id), "SIGKILL");
    },
    removeBehind: async (id) => {
      const { state } = await host.current(id);
      if (state === "running" || state === "paused") {
        process.kill(-(await host.pid(id)), "SIGKILL");
        await host.ended(id);
      }
      const { handle } = await host.current(id);
      rmSync(host.folder(id), { recursive: true });
      host.removeGroup(handle);
    },
    pauseBehind: async (id) => {
      process.kill(-(await host.pid(id)), "SIGSTOP");
    },
    // A signal that stops a process tells nobody but its parent, and folders are not watched.
    hints: [],
    reopen: async () => host.another(),
    stranger: fileOf(host),
    lookAlikes: processOf(otherNode),
    cutOff: async () => renameSync(host.root, elsewhere),
    rejoin,
    leftovers: async () => host.census(),
    windDownMs: 200,
    sequences: { count: 8, length: 12 },
    dispose: async () => {
      await rejoin();
      for (const id of (await otherNode.list(forever)).keys()) await otherNode.remove(id, forever);
      await host.close();
    },
  };
}

/** A file of somebody in the folder of the runtime, with the name of the workload. */
function fileOf(host: ProcessHarness): Stranger {
  const folderOf = (id: string): string => join(host.root, id);
  return {
    add: async (id) => {
      mkdirSync(folderOf(id));
      writeFileSync(join(folderOf(id), "notes"), id);
    },
    isIntact: async (id) => readFileSync(join(folderOf(id), "notes"), "utf8") === id,
  };
}

/** Another node's process of that id, in the folder of this one. */
function processOf(otherNode: ProcessHarness["runtime"]): Stranger {
  const pids = new Map<string, number>();
  return {
    add: async (id) => {
      const spec = { command: ["/bin/sh", "-c", "exec sleep 1000"] };
      await otherNode.start(targetOf(id, spec), forever);
      const seen = await otherNode.observe(idOf(id), forever);
      const [instance] = seen.kind === "present" ? seen.instances : [];
      pids.set(id, Number(instance?.facts["process.pid"]));
    },
    isIntact: async (id) => isAlive(pids.get(id) ?? 0),
  };
}
