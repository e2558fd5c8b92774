import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "@persys/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { isAlive, ProcessHarness } from "./process-harness.ts";

const web = idOf("web");

describe("replacing a process", () => {
  let host: ProcessHarness;
  let first: Target;
  let second: Target;

  beforeEach(async () => {
    host = new ProcessHarness();
    first = targetOf("web", host.script("echo one; exec sleep 1000"));
    second = targetOf("web", host.script("echo two; exec sleep 1000"));
    await host.runtime.start(first, forever);
  });

  afterEach(async () => {
    await host.close();
  });

  async function instances(): Promise<readonly (readonly [string, string, string])[]> {
    const seen = await host.observe("web");
    if (seen.kind !== "present") return [];
    return seen.instances.map((one) => [one.kept ? "kept" : "current", one.revisionId, one.state]);
  }

  function live(): number {
    return host.programs((line) => line.startsWith("sleep")).filter(isAlive).length;
  }

  it("stops the old instance, keeps it, and runs the new one", async () => {
    await host.runtime.replace(second, forever);

    expect(await instances()).toEqual([
      ["current", second.revisionId, "running"],
      ["kept", first.revisionId, "exited"],
    ]);
    await eventually(() => live() === 1);
  });

  it("changes nothing when it is called again", async () => {
    await host.runtime.replace(second, forever);
    const before = await host.observe("web");
    await host.runtime.replace(second, forever);

    expect(await host.observe("web")).toEqual(before);
  });

  it("keeps the one that is kept and removes the one between", async () => {
    const third = targetOf("web", host.script("echo three; exec sleep 1000"));
    await host.runtime.replace(second, forever);
    await host.runtime.replace(third, forever);

    expect(await instances()).toEqual([
      ["current", third.revisionId, "running"],
      ["kept", first.revisionId, "exited"],
    ]);
    await eventually(() => live() === 1);
  });

  it("keeps nothing of another creation of the id", async () => {
    await host.runtime.replace({ ...second, uid: "uid-2" }, forever);

    expect(await instances()).toEqual([["current", second.revisionId, "running"]]);
  });

  it("restores the kept instance and removes the one that took its place", async () => {
    const { handle } = await host.current("web");
    await host.runtime.replace(second, forever);
    await host.runtime.restore(web, forever);
    await host.runtime.restore(web, forever);

    expect(await instances()).toEqual([["current", first.revisionId, "running"]]);
    expect((await host.current("web")).handle).toBe(handle);
    await eventually(() => live() === 1);
  });

  it("retires the kept instance alone", async () => {
    await host.runtime.replace(second, forever);
    const pid = await host.pid("web");
    await host.runtime.retire(web, [second.specDigest], forever);
    await host.runtime.retire(web, [second.specDigest], forever);

    expect(await instances()).toEqual([["current", second.revisionId, "running"]]);
    expect(await host.pid("web")).toBe(pid);
  });

  it("removes the kept one with the rest", async () => {
    await host.runtime.replace(second, forever);
    await host.runtime.remove(web, forever);

    await eventually(() => host.programs().filter(isAlive).length === 0, 1_000);
    expect(await host.observe("web")).toEqual({ kind: "absent" });
  });

  it.each([
    ["the old one was stopped", () => undefined],
    [
      "the old one was set aside",
      (at: ProcessHarness) => {
        renameSync(at.folder("web"), at.folder("web", "kept"));
      },
    ],
  ])("finishes after it was cut short when %s", async (_when, cutShort) => {
    await host.runtime.stop(web, 1_000, forever);
    cutShort(host);
    await host.runtime.replace(second, forever);

    expect(await instances()).toEqual([
      ["current", second.revisionId, "running"],
      ["kept", first.revisionId, "exited"],
    ]);
  });

  it("finishes a restore that was cut short when the new one was half removed", async () => {
    await host.runtime.replace(second, forever);
    await host.runtime.stop(web, 1_000, forever);
    const { handle } = await host.current("web");
    rmSync(join(host.folder("web"), `meta.${handle}.json`));
    expect(await instances()).toEqual([["kept", first.revisionId, "exited"]]);
    await host.runtime.restore(web, forever);

    expect(await instances()).toEqual([["current", first.revisionId, "running"]]);
  });
});
