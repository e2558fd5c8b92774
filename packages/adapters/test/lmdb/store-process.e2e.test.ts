import { spawnSync } from "node:child_process";
import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import { loseNothingWhenKilled, readIn } from "./killed-commits.ts";
import { StoreProcess } from "./store-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";

async function refusalIn(path: string): Promise<AgentError> {
  const error: unknown = await readIn(path).catch((reason: unknown) => reason);
  if (!AgentError.is(error)) throw new Error("it was to be refused");
  return error;
}

describe("the state folder of another process", () => {
  it("is refused, naming its process, for as long as that lives, however it ends", async () => {
    const path = await temporaryFolder();
    const beganMs = Date.now();
    const owner = new StoreProcess({ path, task: "hold" });
    await owner.line();

    const refused = await refusalIn(path);
    const again = await refusalIn(path);
    await owner.kill();
    const { epoch } = await readIn(path);

    expect(refused).toMatchObject({ code: "OWNED_BY_OTHER", details: { pid: owner.pid } });
    expect(refused.message).toContain(`process ${owner.pid} on `);
    expect(Number(refused.details["sinceMs"])).toBeGreaterThanOrEqual(beganMs);
    expect(again.code).toBe("OWNED_BY_OTHER");
    expect(epoch).toBe(2);
  });

  it("goes to exactly one of many that start at once", async () => {
    const path = await temporaryFolder();

    const starters = Array.from({ length: 6 }, () => new StoreProcess({ path, task: "hold" }));
    const said = await Promise.all(starters.map((each) => each.line()));

    expect(said.filter((line) => line !== undefined)).toEqual(["open 1"]);
  });
});

describe("a process that is killed while it commits", () => {
  it("loses nothing it acknowledged and leaves no half batch, 5 times over", async () => {
    await loseNothingWhenKilled(5);
  });
});

describe("a disk that is full", () => {
  it("fails the commit without effect, and takes commits again once there is room", async () => {
    const path = await temporaryFolder();
    const owner = new StoreProcess({ path, task: "fill", fileBytesMax: 2 ** 20 });
    expect(await owner.line()).toBe("open 1");

    const [, code, effect, records] = (await owner.line())?.split(" ") ?? [];
    spawnSync("prlimit", ["--pid", String(owner.pid), "--fsize=unlimited:"]);
    owner.tell("go on");

    expect(await owner.line()).toBe("kept");
    await owner.kill();
    const state = await readIn(path);
    expect({ code, effect }).toEqual({ code: "STORE_FULL", effect: "none" });
    expect(state.records).toHaveLength(Number(records));
    expect(state.records.some(({ id }) => id === "after")).toBe(true);
    expect(state.records.some(({ id }) => id === "w0")).toBe(false);
  });
});

/** Takes note of a line `<writer> <generation>`; a last line that was cut off by the kill says nothing. */
