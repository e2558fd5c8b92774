import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { currentInstance, type RuntimeEvent } from "@persys/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { isAlive, parentOf, ProcessHarness } from "./process-harness.ts";

const fixture = fileURLToPath(new URL("./agent-fixture.ts", import.meta.url));

describe("processes and an agent that is killed", () => {
  let host: ProcessHarness;
  let agent: ChildProcess | undefined;

  beforeEach(() => {
    host = new ProcessHarness();
  });

  afterEach(async () => {
    agent?.kill("SIGKILL");
    await host.close();
  });

  async function agentAtWork(seed: number, ids: readonly string[]): Promise<ChildProcess> {
    const words = [fixture, host.root, host.nodeId, host.mark, String(seed), ...ids];
    const child = spawn(process.execPath, ["--conditions=@persys/source", ...words], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    agent = child;
    const early = once(child, "exit").then(() => {
      throw new Error("the agent ended before it was ready");
    });
    await Promise.race([once(child.stdout, "data"), early]);
    early.catch(() => undefined);
    return child;
  }

  /** What runs of the workloads' programs, by command line. */
  function live(): readonly number[] {
    return host.programs((line) => line.startsWith("sleep")).filter(isAlive);
  }

  it("are never doubled, lost or left over, whenever it is killed", async () => {
    const ids = ["a", "b", "c", "d"];
    const seed = Date.now() % 2 ** 31;
    for (let round = 0; round < 15; round += 1) {
      const child = await agentAtWork(seed + round, ids);
      // A different moment each time; the fixture goes on until it is killed.
      await new Promise((resolve) => setTimeout(resolve, (seed * 31 + round * 37) % 150));
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;

      const successor = host.another();
      const isAtRest = async (id: string): Promise<boolean> => {
        const seen = await successor.observe(idOf(id), forever);
        expect(seen.kind, `seed ${seed} round ${round}`).not.toBe("unreadable");
        const state = currentInstance(seen)?.state;
        return state !== "starting" && state !== "stopping";
      };
      // What was under way on the host comes to rest by itself.
      await eventually(() => host.programs((line) => line.includes("setsid")).length === 0);
      for (const id of ids) await eventually(() => isAtRest(id));
      const recorded = async (): Promise<string> => {
        const pids: string[] = [];
        for (const id of ids) {
          const current = currentInstance(await successor.observe(idOf(id), forever));
          const pid = current?.facts["process.pid"];
          if (pid !== undefined) pids.push(pid);
        }
        return pids.toSorted().join(" ");
      };
      // A process is on record shortly before it is its program; a second one would stay.
      const isSame = async (): Promise<boolean> =>
        live().map(String).toSorted().join(" ") === (await recorded());
      await eventually(isSame, 2_000).catch(async () => {
        expect(live().join(" "), `seed ${seed} round ${round}`).toBe(await recorded());
      });
    }

    const successor = host.another();
    for (const id of ids) {
      const target = targetOf(id, ProcessHarness.longRunning(host.mark, "revision 0"));
      await successor.start(target, forever);
      const before = currentInstance(await successor.observe(idOf(id), forever));
      await successor.start(target, forever);
      await successor.replace(target, forever);
      expect(currentInstance(await successor.observe(idOf(id), forever))).toEqual(before);
    }
    await eventually(() => live().length === ids.length);
    for (const id of ids) await successor.remove(idOf(id), forever);
    await eventually(() => host.census().length === 0);
  });

  it("keep their pid and their exit code, and their end is noticed within 100 ms", async () => {
    const first = host.another();
    const listening = new AbortController();
    await first.start(targetOf("web", host.script("exec sleep 1000")), forever);
    await first.start(targetOf("gone", host.script("exec sleep 1000")), forever);
    const pid = await host.pid("web");
    const gonePid = await host.pid("gone");

    const heard: RuntimeEvent[] = [];
    const successor = host.another();
    const listener = (async () => {
      for await (const event of successor.events(listening.signal)) heard.push(event);
    })();
    process.kill(gonePid, "SIGKILL");
    await eventually(() => heard.length === 1);
    expect(await host.pid("web")).toBe(pid);

    heard.length = 0;
    process.kill(pid, "SIGTERM");
    const killedAt = performance.now();
    await eventually(() => heard.length === 1);
    expect(performance.now() - killedAt).toBeLessThan(100);
    expect(heard).toEqual([{ id: "web", what: "exited" }]);
    expect((await host.current("web")).exit).toMatchObject({ kind: "code", code: 143 });

    listening.abort(new Error("enough"));
    await expect(listener).rejects.toThrow("enough");
  });

  it("are watched by their pid when their supervisor is killed too", async () => {
    const listening = new AbortController();
    await host.runtime.start(targetOf("web", host.script("exec sleep 1000")), forever);
    const pid = await host.pid("web");
    const heard: RuntimeEvent[] = [];
    const listener = (async () => {
      for await (const event of host.runtime.events(listening.signal)) heard.push(event);
    })();
    process.kill(parentOf(pid), "SIGKILL");
    await eventually(() => heard.length === 1);
    expect(await host.current("web")).toMatchObject({ state: "running" });

    heard.length = 0;
    process.kill(pid, "SIGKILL");
    const killedAt = performance.now();
    await eventually(() => heard.length === 1);
    expect(performance.now() - killedAt).toBeLessThan(100);
    expect((await host.current("web")).exit).toEqual({ kind: "unknown" });

    listening.abort(new Error("enough"));
    await expect(listener).rejects.toThrow("enough");
  });

  it("tell of each end while an agent listens, those it started included", async () => {
    const listening = new AbortController();
    const heard: RuntimeEvent[] = [];
    const listener = (async () => {
      for await (const event of host.runtime.events(listening.signal)) heard.push(event);
    })();
    for (let round = 1; round <= 5; round += 1) {
      await host.runtime.start(targetOf("web", host.script("exit 3")), forever);
      await eventually(() => heard.length >= round);
    }
    listening.abort(new Error("enough"));
    await expect(listener).rejects.toThrow("enough");
  });
});
