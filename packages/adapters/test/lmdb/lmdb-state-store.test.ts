import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LmdbStateStore } from "@persys/adapters/lmdb";
import { aRecord, anAction, anId } from "@persys/conformance";
import { AgentError, type Logger, type StoredState } from "@persys/core";
import { describe, expect, it } from "vitest";
import { sealEnvelope } from "../../src/shared/record-codec/envelope.ts";
import { withRawState } from "./raw-state.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const never = new AbortController().signal;

function storeIn(path: string, nodeId = "node-1", logger?: Logger): LmdbStateStore {
  return new LmdbStateStore({ path, nodeId, ...(logger === undefined ? {} : { logger }) });
}

async function readIn(path: string, logger?: Logger): Promise<StoredState> {
  const store = storeIn(path, "node-1", logger);
  const state = await store.open(never);
  await store.close();
  return state;
}

async function writeIn(path: string): Promise<void> {
  const store = storeIn(path);
  await store.open(never);
  await store.commit([
    { kind: "put-record", record: aRecord({ id: "web", observedSequence: [7, 1] }) },
    { kind: "put-action", action: anAction({ seq: 1 }) },
    { kind: "put-action", action: anAction({ seq: 2 }) },
  ]);
  await store.close();
}

async function failureOf(open: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await open.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!AgentError.is(error)) throw new Error(`no AgentError: ${String(error)}`);
  return error;
}

/** A logger that keeps what it was told. */
function listening(): { readonly logger: Logger; readonly heard: string[] } {
  const heard: string[] = [];
  const hear = (message: string): void => void heard.push(message);
  return { heard, logger: { debug: hear, info: hear, warn: hear, error: hear } };
}

describe("LmdbStateStore's folder", () => {
  it("is made for its owner alone, with files for its owner alone", async () => {
    const path = join(await temporaryFolder(), "not", "yet.there");
    const store = storeIn(path);
    await store.open(never);

    const modes = await Promise.all(
      (await readdir(path)).map(async (name) => [
        name,
        (await stat(join(path, name))).mode & 0o777,
      ]),
    );
    const folderMode = (await stat(path)).mode & 0o777;
    await store.close();

    expect(folderMode).toBe(0o700);
    expect(Object.fromEntries(modes)).toEqual({
      "data.mdb": 0o600,
      "lock.mdb": 0o600,
      "owner.json": 0o600,
      "owner.lock": 0o600,
    });
  });

  it("is refused when it is the folder of another node, without a trace", async () => {
    const path = await temporaryFolder();
    await writeIn(path);
    const { epoch } = await readIn(path);

    const refused = await failureOf(storeIn(path, "node-2").open(never));

    expect(refused).toMatchObject({ code: "STORE_UNAVAILABLE", fault: "user", effect: "none" });
    expect(refused.details).toMatchObject({ nodeId: "node-2", storedNodeId: "node-1" });
    expect((await readIn(path)).epoch).toBe(epoch + 1);
  });

  it("is refused when a newer release has laid it out", async () => {
    const path = await temporaryFolder();
    await writeIn(path);
    await withRawState(path, async (database) => {
      const about = sealEnvelope({ kind: "S", version: 9, key: "about" }, "{}");
      await database.put(Buffer.from("store/about"), about);
    });

    const refused = await failureOf(storeIn(path).open(never));

    expect(refused).toMatchObject({ code: "STORE_UNAVAILABLE", fault: "user" });
    expect(refused.message).toContain("newer version");
  });

  it("cannot be opened where a file lies in its place, nor by an owner of the same process", async () => {
    const path = await temporaryFolder();
    const file = join(path, "file");
    await writeFile(file, "");
    const first = storeIn(join(path, "state"));
    await first.open(never);

    const notFolder = await failureOf(storeIn(file).open(never));
    const second = await failureOf(storeIn(join(path, "state")).open(never));
    await first.commit([{ kind: "delete-record", id: anId("web") }]);
    await first.close();

    expect(notFolder).toMatchObject({ code: "STORE_UNAVAILABLE", effect: "none" });
    expect(second).toMatchObject({ code: "OWNED_BY_OTHER", details: { pid: process.pid } });
  });

  it("is opened, with a warning, when the owner's name cannot be written down", async () => {
    const path = await temporaryFolder();
    await mkdir(join(path, "owner.json.new"));
    const { logger, heard } = listening();

    const { epoch } = await readIn(path, logger);

    expect(epoch).toBe(1);
    expect(heard).toEqual(["the owner of the state cannot be written down"]);
  });

  it("does not grow with the number of commits, only with what is kept", async () => {
    const store = storeIn(await temporaryFolder());
    await store.open(never);
    const rewrite = async (rounds: number): Promise<number> => {
      for (let round = 0; round < rounds; round += 1) {
        await Promise.all(
          Array.from({ length: 20 }, (_, n) =>
            store.commit([
              { kind: "put-record", record: aRecord({ id: `w${n}`, generation: round }) },
            ]),
          ),
        );
      }
      return store.usage()?.fileBytes ?? Number.NaN;
    };

    const settledBytes = await rewrite(100);
    const laterBytes = await rewrite(400);
    const usedBytes = store.usage()?.usedBytes ?? Number.NaN;
    await store.close();

    expect(laterBytes).toBeLessThan(2 * settledBytes);
    expect(usedBytes).toBeLessThanOrEqual(laterBytes);
    expect(usedBytes).toBeGreaterThan(0);
    expect(store.usage()).toBeUndefined();
  });

  it("is free again when opening has failed", async () => {
    const path = await temporaryFolder();
    await mkdir(join(path, "data.mdb"));

    const first = await failureOf(storeIn(path).open(never));
    const second = await failureOf(storeIn(path).open(never));

    expect(first.code).toBe("STORE_UNAVAILABLE");
    expect(second.code).toBe("STORE_UNAVAILABLE");
  });
});

describe("LmdbStateStore on damaged entries", () => {
  it("quarantines what lies under a key it cannot read, and leaves it there", async () => {
    const path = await temporaryFolder();
    await writeIn(path);
    const keys = [
      Buffer.from([0xff, 0, 0x80]),
      Buffer.from("record/../x"),
      Buffer.from("action/7"),
    ];
    await withRawState(path, async (database) => {
      for (const key of keys) await database.put(key, Buffer.from("?"));
    });

    const first = await readIn(path);
    const second = await readIn(path);

    expect(first.records).toHaveLength(1);
    expect(first.quarantined).toHaveLength(3);
    expect(first.quarantined.every(({ id }) => id.startsWith("unreadable-"))).toBe(true);
    expect(second.quarantined).toEqual(first.quarantined);
  });

  it("quarantines a record of a newer release, naming it as such, and leaves it there", async () => {
    const path = await temporaryFolder();
    await writeIn(path);
    await withRawState(path, async (database) => {
      const newer = sealEnvelope({ kind: "R", version: 65_535, key: "web" }, "{}");
      await database.put(Buffer.from("record/web"), newer);
    });

    const { quarantined } = await readIn(path);

    expect(quarantined).toMatchObject([{ id: "web" }]);
    expect(quarantined[0]?.why).toContain("written by a newer version of the agent");
    expect((await readIn(path)).quarantined).toEqual(quarantined);
  });

  it("removes damaged history with a warning, and keeps history of a newer release", async () => {
    const path = await temporaryFolder();
    await writeIn(path);
    const damaged = Buffer.from("action/0000000000000001");
    const newer = Buffer.from("action/0000000000000003");
    await withRawState(path, async (database) => {
      await database.put(damaged, Buffer.from("?"));
      await database.put(newer, sealEnvelope({ kind: "A", version: 2, key: "3" }, "{}"));
    });
    const { logger, heard } = listening();

    const { actions } = await readIn(path, logger);

    expect(actions.map(({ seq }) => seq)).toEqual([2]);
    expect(heard.filter((each) => each === "a history entry cannot be read")).toHaveLength(2);
    await withRawState(path, (database) => {
      expect(database.getBinary(damaged)).toBeUndefined();
      expect(database.getBinary(newer)).toBeDefined();
    });
  });

  it("goes on beyond every epoch it can have had when the last one is lost", async () => {
    const path = await temporaryFolder();
    await writeIn(path);
    await withRawState(path, (database) =>
      database.put(Buffer.from("store/owner"), Buffer.from("?")),
    );

    const { epoch, records } = await readIn(path);

    expect(epoch).toBeGreaterThan(1_000_000);
    expect(records).toHaveLength(1);
    expect((await readIn(path)).epoch).toBe(epoch + 1);
  });

  it("writes its description anew when that is damaged", async () => {
    const path = await temporaryFolder();
    await writeIn(path);
    await withRawState(path, (database) =>
      database.put(Buffer.from("store/about"), Buffer.alloc(40)),
    );

    expect((await readIn(path)).records).toHaveLength(1);
    expect(await failureOf(storeIn(path, "node-2").open(never))).toMatchObject({ fault: "user" });
  });
});

describe("LmdbStateStore while it opens", () => {
  it("stops for an abort between two slices, and can be opened afterwards", async () => {
    const path = await temporaryFolder();
    const store = storeIn(path);
    await store.open(never);
    await store.commit(
      Array.from({ length: 5000 }, (_, n) => ({
        kind: "put-record",
        record: aRecord({ id: `w${n}` }),
      })),
    );
    await store.close();
    const abort = new AbortController();
    const reason = new Error("enough");

    const opening = store.open(abort.signal);
    setTimeout(() => abort.abort(reason), 5);

    await expect(opening).rejects.toBe(reason);
    expect((await readIn(path)).records).toHaveLength(5000);
  });

  it("is closed by a close that was called meanwhile", async () => {
    const path = await temporaryFolder();
    const store = storeIn(path);

    const opening = store.open(never);
    await Promise.all([opening, store.close()]);

    expect(await failureOf(store.commit([]))).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect((await readIn(path)).epoch).toBe(2);
  });

  it("refuses to be opened twice, and stays open", async () => {
    const store = storeIn(await temporaryFolder());
    await store.open(never);

    await expect(store.open(never)).rejects.toThrow("opened once");
    await store.commit([{ kind: "put-record", record: aRecord() }]);
    await store.close();
  });
});
