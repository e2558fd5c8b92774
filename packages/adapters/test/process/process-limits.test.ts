import { existsSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { Cgroups } from "../../src/process/cgroups.ts";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { ProcessHarness } from "./process-harness.ts";

const web = idOf("web");
const memoryBytes = 32 * 1024 * 1024;
/** A shell that doubles a text until it is ended, or until memory is refused to it. */
const eatMemory = "x=0123456789abcdef; while :; do x=$x$x; done";
const hasGroups =
  Cgroups.detect({ root: "/sys/fs/cgroup", parent: "persys-test-detect" }) !== undefined;

describe("the limits of a process", () => {
  let host: ProcessHarness;

  afterEach(async () => {
    await host.close();
  });

  it("end it for want of memory, which the exit says where there are control groups", async () => {
    host = new ProcessHarness();
    const spec = host.script(eatMemory, { resources: { memoryBytes } });
    await host.runtime.start(targetOf("web", spec), forever);
    const ended = await host.ended("web");

    if (hasGroups) expect(ended.exit).toMatchObject({ code: 137, oomKilled: true });
    else expect(ended.exit).toMatchObject({ kind: "code" });
  });

  it("say of each run by itself whether memory was wanting", async () => {
    host = new ProcessHarness();
    const text = `[ -e ${host.root}/again ] && exit 0; : >${host.root}/again; ${eatMemory}`;
    const target = targetOf("web", host.script(text, { resources: { memoryBytes } }));
    await host.runtime.start(target, forever);
    const first = await host.ended("web");
    await host.runtime.start(target, forever);
    await eventually(async () => (await host.current("web")).run !== first.run);

    expect((await host.ended("web")).exit).toEqual({
      kind: "code",
      code: 0,
      endedAtMs: expect.any(Number),
    });
  });

  it("refuse it memory where there are no control groups", async () => {
    host = new ProcessHarness({ cgroups: "off" });
    const spec = host.script(eatMemory, { resources: { memoryBytes } });
    await host.runtime.start(targetOf("web", spec), forever);
    const ended = await host.ended("web");

    expect(ended.exit).toMatchObject({ kind: "code" });
    expect(ended.exit).not.toMatchObject({ code: 0 });
    expect(ended.exit).not.toHaveProperty("oomKilled");
  });

  it("hold its processor and the count of its processes, where there are control groups", async () => {
    host = new ProcessHarness();
    const resources = { cpuMillicores: 200, cpuShares: 512, pidsLimit: 3, memoryBytes };
    const text =
      "(sleep 1000 & sleep 1000 & sleep 1000 & sleep 1000 & wait) 2>/dev/null; exec sleep 1000";
    await host.runtime.start(targetOf("web", host.script(text, { resources })), forever);
    await eventually(
      () => host.programs((line) => line.startsWith("sleep")).length >= (hasGroups ? 1 : 4),
    );

    if (hasGroups)
      expect(host.programs((line) => line.startsWith("sleep")).length).toBeLessThanOrEqual(3);
    expect((await host.runtime.probe(forever)).healthy).toBe(true);
  });

  it.each(["auto", "off"] as const)("come with a measure of what it uses (%s)", async (cgroups) => {
    host = new ProcessHarness({ cgroups });
    const spec = host.script("while :; do :; done");
    await host.runtime.start(targetOf("web", spec), forever);
    await host.runtime.usage([web], forever);
    await eventually(async () => {
      const usage = (await host.runtime.usage([web, idOf("absent")], forever)).get(web);
      return (usage?.cpuPercent ?? 0) > 10 && (usage?.memoryBytes ?? 0) > 100_000;
    });

    await host.runtime.stop(web, 1_000, forever);
    expect(await host.runtime.usage([web], forever)).toEqual(new Map());
    if (cgroups === "auto" && hasGroups)
      expect(host.census().some((one) => existsSync(one))).toBe(true);
  });
});
