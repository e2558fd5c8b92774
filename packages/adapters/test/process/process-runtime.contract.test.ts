import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { caseContext, runtimeContract, type RuntimeSubject } from "@persys/conformance";
import { describe, it } from "vitest";
import { forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { isAlive, ProcessHarness } from "./process-harness.ts";

async function processSubject(): Promise<RuntimeSubject> {
  const host = new ProcessHarness();
  const elsewhere = `${host.root}-moved`;
  const ready = join(host.root, "supervisor-ready");
  const strangers = host.another({ nodeId: "another-node" });
  let strangerPid = 0;
  return {
    runtime: host.runtime,
    specs: {
      longRunning: (variant) => host.script("exec sleep 1000", { env: { VARIANT: variant } }),
      exitsWith: (code) => host.script(`exit ${code}`),
      ignoresStop: () =>
        host.script('trap "" TERM; : >"$READY"; while :; do sleep 0.1; done', {
          env: { READY: ready },
        }),
      secretive: (secret) => host.script("exec sleep 1000", { env: { PASSWORD: secret } }),
      prints: (line) => host.script(`echo "${line}"; exec sleep 1000`),
    },
    ignoresStopNow: async () => existsSync(ready),
    killBehind: async (id) => {
      process.kill(await host.pid(id), "SIGKILL");
    },
    reopen: async () => host.another(),
    stranger: {
      add: async (id) => {
        await strangers.start(targetOf(id, host.script("exec sleep 1000")), forever);
        const seen = await strangers.observe(idOf(id), forever);
        const [instance] = seen.kind === "present" ? seen.instances : [];
        strangerPid = Number(instance?.facts["process.pid"]);
      },
      isIntact: async () => isAlive(strangerPid),
    },
    cutOff: async () => renameSync(host.root, elsewhere),
    leftovers: async () => host.census(),
    dispose: async () => {
      if (existsSync(elsewhere)) renameSync(elsewhere, host.root);
      for (const id of (await strangers.list(forever)).keys()) await strangers.remove(id, forever);
      await host.close();
    },
  };
}

describe("ProcessRuntime", () => {
  for (const { level, title, run } of runtimeContract(processSubject)) {
    it(`${level}: ${title}`, () => run(caseContext()), 30_000);
  }
});
