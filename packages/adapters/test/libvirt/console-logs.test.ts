import { appendFile, mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LogOptions } from "@persys/core";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { readConsole } from "../../src/libvirt/console-logs.ts";
import { workloadId } from "./targets.ts";

const id = workloadId("vm-1");
const { signal } = new AbortController();

describe("readConsole", () => {
  let path: string;

  beforeEach(async () => {
    const folder = await mkdtemp("/tmp/persys-cl-");
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    path = join(folder, "console.log");
  });

  async function textOf(options: Partial<LogOptions> = {}): Promise<string> {
    const parts: string[] = [];
    const reading = { options: { follow: false, ...options }, signal };
    for await (const { data } of readConsole(id, async () => ({ path }), reading))
      parts.push(Buffer.from(data).toString());
    return parts.join("");
  }

  /** As libvirt's log daemon does when a file is full. */
  async function rotate(): Promise<void> {
    await rename(`${path}.0`, `${path}.1`).catch(() => {});
    await rename(path, `${path}.0`);
    await writeFile(path, "");
  }

  it("gives what is kept, the oldest first, an unfinished line included", async () => {
    await writeFile(path, "one\ntwo\n");
    await rotate();
    await appendFile(path, "three\n");
    await rotate();
    await appendFile(path, "four\nfi");

    expect(await textOf()).toBe("one\ntwo\nthree\nfour\nfi");
  });

  it("gives nothing of a machine that has written nothing", async () => {
    expect(await textOf()).toBe("");
    expect(await textOf({ tailLines: 3 })).toBe("");
  });

  it.each([
    [0, ""],
    [1, "fi"],
    [2, "four\nfi"],
    [3, "three\nfour\nfi"],
    [9, "one\ntwo\nthree\nfour\nfi"],
  ])("gives the last %i lines, across files", async (tailLines, expected) => {
    await writeFile(path, "one\ntwo\nthree\n");
    await rotate();
    await appendFile(path, "four\nfi");

    expect(await textOf({ tailLines })).toBe(expected);
  });

  it("gives the files in which anything is as late as asked for", async () => {
    await writeFile(path, "one\n");
    await rotate();
    await utimes(`${path}.0`, new Date(1_000), new Date(1_000));
    await appendFile(path, "two\n");

    expect(await textOf({ sinceMs: 60_000 })).toBe("two\n");
    expect(await textOf({ sinceMs: Date.now() + 3_600_000 })).toBe("");
  });

  it("cuts a long line into pieces that the port allows, and loses nothing of it", async () => {
    const line = "x".repeat(200_000);
    await writeFile(path, `${line}\nend\n`);

    expect(await textOf()).toBe(`${line}\nend\n`);
  });

  it("gives no piece that is too long, however lines and pieces meet", async () => {
    const line = `\n${"x".repeat(65_535)}`;
    await writeFile(path, line.repeat(20));

    const sizes: number[] = [];
    const reading = { options: { follow: false }, signal };
    for await (const { data } of readConsole(id, async () => ({ path }), reading))
      sizes.push(data.length);

    expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536);
    expect(sizes.reduce((total, size) => total + size, 0)).toBe(20 * 65_536);
  });

  it("ends for who does not follow, while a guest writes without a pause", async () => {
    await writeFile(path, "one\n");
    const parts: string[] = [];
    const reading = { options: { follow: false }, signal };

    for await (const { data } of readConsole(id, async () => ({ path }), reading)) {
      parts.push(Buffer.from(data).toString());
      await appendFile(path, "more\n");
    }

    expect(parts).toEqual(["one\n"]);
  });

  it("follows what is written, through new files, and ends with the machine", async () => {
    await writeFile(path, "one\n");
    const seen = { text: "", isThere: true };
    const find = async () => (seen.isThere ? { path } : undefined);
    const following = (async () => {
      const reading = { options: { follow: true }, signal };
      for await (const { data } of readConsole(id, find, reading))
        seen.text += Buffer.from(data).toString();
    })();
    await expect.poll(() => seen.text).toBe("one\n");
    await appendFile(path, "two\n");
    await rotate();
    await appendFile(path, "three\n");
    await expect.poll(() => seen.text).toBe("one\ntwo\nthree\n");

    seen.isThere = false;
    await following;

    expect(seen.text).toBe("one\ntwo\nthree\n");
  });

  it("goes on with the console of the machine that takes the place of one", async () => {
    await writeFile(path, "old\n");
    await writeFile(`${path}-2`, "new\n");
    const seen = { text: "", path };
    const stop = new AbortController();
    const following = (async () => {
      const reading = { options: { follow: true }, signal: stop.signal };
      for await (const { data } of readConsole(id, async () => ({ path: seen.path }), reading))
        seen.text += Buffer.from(data).toString();
    })();
    await expect.poll(() => seen.text).toBe("old\n");

    seen.path = `${path}-2`;

    await expect.poll(() => seen.text, { timeout: 5_000 }).toBe("old\nnew\n");
    const reason = new Error("enough");
    stop.abort(reason);
    await expect(following).rejects.toBe(reason);
  });

  it("finds no logs where there is no machine", async () => {
    const reading = { options: { follow: false }, signal };

    await expect(readConsole(id, async () => undefined, reading).next()).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});
