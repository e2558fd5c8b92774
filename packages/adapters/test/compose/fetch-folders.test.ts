import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FetchFolders, sweepShared } from "../../src/compose/fetch-folders.ts";
import { ProjectFolders } from "../../src/compose/project-folders.ts";
import { forever } from "../support/runtime-calls.ts";

let root: string;
let left: ChildProcess | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "persys-fetches-"));
});

afterEach(() => {
  left?.kill("SIGKILL");
  rmSync(root, { recursive: true });
});

/** A fetch that never ends, as an agent that was killed leaves one: its folder, and a process that works in it. */
async function leaveOne(): Promise<{ readonly folder: string; readonly gone: Promise<unknown> }> {
  const place = Promise.withResolvers<{ folder: string; mark: string }>();
  void new FetchFolders(root).use(async (made) => {
    place.resolve(made);
    await new Promise<never>(() => undefined);
  });
  const { folder, mark } = await place.promise;
  writeFileSync(join(folder, "pack"), "secret");
  const child = spawn("sleep", ["60"], {
    detached: true,
    env: { PATH: process.env["PATH"], PERSYS_COMPOSE_PROJECT: mark },
    stdio: "ignore",
  });
  left = child;
  const environment = (): string => readFileSync(`/proc/${child.pid}/environ`, "utf8");
  await expect.poll(environment, { interval: 5 }).toContain(mark);
  return { folder, gone: once(child, "exit") };
}

describe("FetchFolders", () => {
  it("gives each fetch a folder of its own, for the agent alone, and removes it however that ends", async () => {
    const folders = new FetchFolders(join(root, "fetches"));
    const seen = await Promise.all(
      [1, 2].map((at) =>
        folders.use(async ({ folder, mark }) => {
          writeFileSync(join(folder, "file"), "x");
          expect(statSync(folder).mode & 0o777).toBe(0o700);
          expect(basename(folder)).toContain(mark);
          return at;
        }),
      ),
    );
    expect(seen).toEqual([1, 2]);
    const failing = folders.use(async () => Promise.reject(new Error("failed")));
    await expect(failing).rejects.toThrow("failed");
    expect(readdirSync(join(root, "fetches"))).toEqual([]);
  });

  it("removes what an agent before has left, ends what still works in it, and lets its own go on", async () => {
    const { folder, gone } = await leaveOne();
    const folders = new FetchFolders(root);
    await folders.use(async (own) => {
      await folders.sweep(forever);
      expect(existsSync(folder)).toBe(false);
      expect(existsSync(own.folder)).toBe(true);
    });
    expect(await gone).toEqual([null, "SIGKILL"]);
    await folders.sweep(forever);
    expect(readdirSync(root)).toEqual([]);
  });

  it("removes what it can where something stays, and says why that does", async () => {
    const names = ["1", "2", "3"].map((digit) => `fetch-${digit.repeat(32)}`);
    for (const name of names) mkdirSync(join(root, name));
    const [, stuck = ""] = names;
    const folders = new FetchFolders(root, async (folder) => {
      if (basename(folder) === stuck) throw Object.assign(new Error("busy"), { code: "EBUSY" });
      rmSync(folder, { recursive: true });
    });
    await expect(folders.sweep(forever)).rejects.toMatchObject({
      code: "STORAGE_ERROR",
      message: "could not remove what a fetch has left: EBUSY",
    });
    expect(readdirSync(root)).toEqual([stuck]);
  });

  it("removes what earlier versions have left in the folder that all nodes had, once nobody works there", async () => {
    const shared = new ProjectFolders(root, "node").sharedFetchesFolder;
    for (const name of ["fetch-old", "fetch-young"])
      mkdirSync(join(shared, name), { recursive: true });
    const longAgo = Date.now() / 1_000 - 301;
    utimesSync(join(shared, "fetch-old"), longAgo, longAgo);
    await sweepShared(shared, forever);
    expect(readdirSync(shared)).toEqual(["fetch-young"]);
    await sweepShared(join(root, "none"), forever);
  });

  it("has nothing to remove where nothing was fetched, and makes nothing for it", async () => {
    await new FetchFolders(join(root, "none")).sweep(forever);
    expect(readdirSync(root)).toEqual([]);
  });

  it("says what it was about where no folder can be made", async () => {
    writeFileSync(join(root, "file"), "");
    const folders = new FetchFolders(join(root, "file"));
    await expect(folders.use(async () => "done")).rejects.toMatchObject({
      code: "STORAGE_ERROR",
      message: "could not make a folder to fetch into: ENOTDIR",
    });
  });

  it("is another's for another node under the same root", () => {
    const [one, other] = ["one", "other"].map(
      (node) => new ProjectFolders(root, node).fetchesFolder,
    );
    expect(one).not.toBe(other);
    expect(new ProjectFolders(root, "one").fetchesFolder).toBe(one);
  });
});
