import { open, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LmdbStateStore } from "@persys/adapters/lmdb";
import { aRecord, aRevision } from "@persys/conformance";
import { AgentError } from "@persys/core";
import { beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

const never = new AbortController().signal;

describe("a damaged data file", () => {
  let path: string;
  let data: string;

  beforeEach(async () => {
    path = await temporaryFolder();
    data = join(path, "data.mdb");
    const store = new LmdbStateStore({ path, nodeId: "node-1" });
    await store.open(never);
    const spec = { text: "x".repeat(20_000) };
    for (const id of ["a", "b", "c"]) {
      await store.commit([
        { kind: "put-record", record: aRecord({ id, wanted: aRevision({ spec }) }) },
      ]);
    }
    await store.close();
  });

  async function overwrite(at: number, bytes: Buffer): Promise<void> {
    const handle = await open(data, "r+");
    await handle.write(bytes, 0, bytes.length, at);
    await handle.close();
  }

  it.each([
    ["zeros in the first header", 0, Buffer.alloc(4096)],
    ["zeros in the second header", 4096, Buffer.alloc(4096)],
    ["another magic number", 24, Buffer.from([1, 2, 3, 4])],
    ["an impossible size of pages", 48, Buffer.from([1, 2, 3, 4])],
    ["an impossible number of pages", 4096 + 144, Buffer.alloc(24, 0xff)],
  ])("is refused with what to do, and left as it is: %s", async (_, at, bytes) => {
    await overwrite(at, bytes);
    const before = await readFile(data);

    const opening = new LmdbStateStore({ path, nodeId: "node-1" }).open(never);

    const error: unknown = await opening.catch((reason: unknown) => reason);
    expect(AgentError.hasCode(error, "STORE_UNAVAILABLE") && error.message).toContain("backup");
    expect((await readFile(data)).equals(before)).toBe(true);
  });

  it("is refused when it is another file altogether", async () => {
    await writeFile(data, "these are my notes");

    const opening = new LmdbStateStore({ path, nodeId: "node-1" }).open(never);

    await expect(opening).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("never ends the process by being short: what is missing is damage or an error", async () => {
    const { size } = await stat(data);
    const outcomes: string[] = [];

    for (let length = size - 4096; length >= 8192; length -= 4096) {
      await truncate(data, length);
      const store = new LmdbStateStore({ path, nodeId: "node-1" });
      try {
        const { records, quarantined } = await store.open(never);
        outcomes.push(`${records.length}+${quarantined.length}`);
      } catch (error) {
        outcomes.push(AgentError.is(error) ? error.code : String(error));
      }
      await store.close();
    }

    expect(outcomes.length).toBeGreaterThan(5);
    expect(outcomes.filter((each) => !/^[0-3]\+[0-3]$|^STORE_UNAVAILABLE$/.test(each))).toEqual([]);
  });
});
