import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processSpecOf } from "@persys/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { launch, type Launch } from "../../src/process/launch.ts";
import { supervisorFileName } from "../../src/process/supervisor-script.ts";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { isAlive, parentOf, ProcessHarness } from "./process-harness.ts";

const web = idOf("web");

describe("the supervisor of a run", () => {
  let host: ProcessHarness;

  beforeEach(() => {
    host = new ProcessHarness({ cgroups: "off" });
  });

  afterEach(async () => {
    await host.close();
  });

  /** An instance whose runs leave a line each in the file `runs`, and a way to start run `number` of it past the runtime. */
  async function instance(script: string): Promise<(number: number) => Promise<string>> {
    const spec = processSpecOf(host.script(`echo run >>${host.root}/runs; ${script}`));
    if (spec === undefined) expect.fail("it is a spec");
    await host.runtime.start(targetOf("web", host.script("exit 0")), forever);
    await host.ended("web");
    const run: Omit<Launch, "number"> = {
      workloadId: "web",
      folder: host.folder("web"),
      spec,
      command: { user: undefined, userWords: [] },
      leaf: undefined,
      limitWords: [],
      supervisorPath: join(host.root, supervisorFileName),
      options: { logBytesMax: 1_000_000, logFilesMax: 2 },
    };
    return (number) => launch({ ...run, number }, forever);
  }

  function runs(): number {
    const path = join(host.root, "runs");
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;
  }

  it("lets one of several starts with one number through, however many come at once", async () => {
    const start = await instance("exit 0");
    const results = await Promise.all([start(2), start(2), start(2), start(2)]);
    await host.ended("web");
    await eventually(() => host.programs().length === 0);

    // A later one of them sees the record of the first and takes it for its own, or is refused.
    expect(results).toContain("started");
    expect(runs()).toBe(1);
  });

  it("refuses a number that has been used, forbidden or passed", async () => {
    const start = await instance("exit 0");
    expect(await start(3)).toBe("started");
    await eventually(() => existsSync(join(host.folder("web"), "exit.3")));
    await eventually(() => host.programs().length === 0);

    expect(await start(2)).toBe("refused");
    writeFileSync(join(host.folder("web"), "stop.7"), "");
    expect(await start(7)).toBe("refused");
    expect(await start(8)).toBe("started");
    await eventually(() => existsSync(join(host.folder("web"), "exit.8")));
    expect(runs()).toBe(2);
  });

  it("runs nothing of an instance that is being removed", async () => {
    const start = await instance("exit 0");
    const { handle } = await host.current("web");
    rmSync(join(host.folder("web"), `meta.${handle}.json`));

    expect(await start(2)).toBe("refused");
    expect(runs()).toBe(0);
  });

  it("is refused by the lock while another one runs", async () => {
    const start = await instance("exec sleep 1000");
    expect(await start(2)).toBe("started");
    await eventually(() => runs() === 1);

    // It waits for the lock as long as a supervisor before it may take to leave.
    expect(await start(3)).toBe("refused");
    expect(runs()).toBe(1);
    await host.runtime.stop(web, 100, forever);
  }, 15_000);

  it("gives the lock to no program, nor to what a program leaves behind", async () => {
    const start = await instance("setsid sleep 1000 & exit 0");
    expect(await start(2)).toBe("started");
    await host.ended("web");
    await eventually(() => existsSync(join(host.folder("web"), "exit.2")));

    expect(await start(3)).toBe("started");
  });

  it("leaves no program unrecorded, whenever it is killed", async () => {
    const start = await instance("exec sleep 1000");
    for (let round = 2; round < 22; round += 1) {
      const number = round * 2;
      const begun = start(number).catch((error: unknown) => error);
      await eventually(() => host.programs((line) => line.includes("supervisor-")).length > 0);
      // Somewhere in the dozen steps of a start; each round a little later.
      await new Promise((resolve) => setTimeout(resolve, round - 2));
      host.kill((line) => line.includes("supervisor-"));
      await begun;
      // What is on its way without a supervisor is on record, or ends, before a stop returns.
      await host.runtime.stop(web, 100, forever);
      expect(host.programs((line) => line.startsWith("sleep")).filter(isAlive)).toEqual([]);
    }
  }, 30_000);

  it("is the parent of its program and no one's child once the agent is gone", async () => {
    await host.runtime.start(targetOf("web", host.script("exec sleep 1000")), forever);
    const supervisor = parentOf(await host.pid("web"));

    expect(readFileSync(`/proc/${supervisor}/cmdline`, "latin1")).toContain(supervisorFileName);
  });
});
