import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { isAlive, isRoot, ProcessHarness } from "./process-harness.ts";

/** Whether the tests may make control groups. */
const hasGroups =
  isRoot && (existsSync("/sys/fs/cgroup/cgroup.controllers") || existsSync("/sys/fs/cgroup/pids"));
const web = idOf("web");

describe.each(["auto", "off"] as const)("ending a process with control groups %s", (cgroups) => {
  let host: ProcessHarness;

  beforeEach(() => {
    host = new ProcessHarness({ cgroups });
  });

  afterEach(async () => {
    await host.close();
  });

  async function run(script: string, more = {}): Promise<void> {
    await host.runtime.start(targetOf("web", host.script(script, more)), forever);
  }

  async function started(script: string): Promise<void> {
    await run(script);
    await eventually(async () => (await host.output("web")).includes("ready"));
  }

  it("lets it end by itself within the grace", async () => {
    await started("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done");
    await host.runtime.stop(web, 5_000, forever);

    expect(await host.current("web")).toMatchObject({ state: "exited", exit: { code: 9 } });
  });

  it("forces what ignores the request after the grace, and not before", async () => {
    await started("trap '' TERM; echo ready; while :; do sleep 0.01; done");
    const begun = performance.now();
    await host.runtime.stop(web, 200, forever);
    const tookMs = performance.now() - begun;

    expect(tookMs).toBeGreaterThanOrEqual(200);
    expect(await host.current("web")).toMatchObject({ state: "exited", exit: { code: 137 } });
  });

  it("reaches grandchildren, also those that ignore the request and those in sessions of their own", async () => {
    await started(
      "trap '' TERM; (sleep 1000 & sleep 1000) & setsid sh -c 'sleep 1000; :' & echo ready; exec sleep 1000",
    );
    await eventually(() => host.programs((line) => line.startsWith("sleep")).length === 4);
    await host.runtime.stop(web, 50, forever);

    await eventually(() => host.programs().filter(isAlive).length === 0, 1_000);
  });

  it("reaches daemons that cut every tie, where there are control groups", async () => {
    await started("setsid sh -c 'sleep 1000 & exit' ; sleep 0.1; echo ready; exec sleep 1000");
    await host.runtime.stop(web, 1_000, forever);

    const left = host.programs((line) => line.startsWith("sleep")).filter(isAlive);
    expect(left).toHaveLength(hasGroups && cgroups === "auto" ? 0 : 1);
  });

  it("ends one that is paused", async () => {
    await started("echo ready; exec sleep 1000");
    process.kill(await host.pid("web"), "SIGSTOP");
    await host.runtime.stop(web, 2_000, forever);

    expect(await host.current("web")).toMatchObject({
      state: "exited",
      facts: { "process.exit_signal": "15" },
    });
  });

  it("ends one whose supervisor is gone", async () => {
    await started("echo ready; exec sleep 1000");
    const pid = await host.pid("web");
    host.kill((line) => line.includes("supervisor-"));
    await host.runtime.stop(web, 2_000, forever);

    expect(isAlive(pid)).toBe(false);
    expect((await host.current("web")).exit).toEqual({ kind: "unknown" });
  });

  it("is already so for what has ended, was never there, or is stopped twice", async () => {
    await host.runtime.stop(web, 0, forever);
    expect(await host.observe("web")).toEqual({ kind: "absent" });

    await run("exit 4");
    await host.ended("web");
    await host.runtime.stop(web, 0, forever);
    await host.runtime.stop(web, 0, forever);
    const ended = await host.current("web");
    expect(ended).toMatchObject({ state: "exited", exit: { code: 4 } });

    await run("exit 4");
    await eventually(async () => (await host.current("web")).run !== ended.run);
  });

  it("gives up with the signal's reason, and another stop finishes the work", async () => {
    await started("trap '' TERM; echo ready; while :; do sleep 0.01; done");
    const reason = new Error("enough");
    const control = new AbortController();
    const stop = host.runtime.stop(web, 60_000, control.signal);
    control.abort(reason);
    await expect(stop).rejects.toBe(reason);

    expect((await host.current("web")).state).toBe("running");
    await host.runtime.stop(web, 10, forever);
    expect((await host.current("web")).state).toBe("exited");
  });

  it("leaves nothing after a remove: no process, folder or group", async () => {
    await started("(setsid sleep 1000 &) ; sleep 1000 & echo ready; exec sleep 1000");
    expect(host.census()).not.toEqual([]);
    await host.runtime.remove(web, forever);

    if (hasGroups && cgroups === "auto") expect(host.census()).toEqual([]);
    expect(await host.observe("web")).toEqual({ kind: "absent" });
    await host.runtime.remove(web, forever);
    expect(await host.runtime.list(forever)).toEqual(new Map());
  });
});
