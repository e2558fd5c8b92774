import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ProjectFolders } from "../../src/compose/project-folders.ts";
import type { ProjectSource } from "../../src/compose/project-source.ts";
import type { MadeRevision, ProjectState } from "../../src/compose/project-state.ts";
import type { RevisionPlace } from "../../src/compose/revision-place.ts";
import { hexSealer } from "../support/hex-sealer.ts";
import { idOf } from "../support/runtime-calls.ts";

const folder = mkdtempSync(join(tmpdir(), "persys-folders-"));
const folders = new ProjectFolders(folder, "node", hexSealer);
const source: ProjectSource = { document: { services: {} }, env: { A: "1" }, profiles: [] };

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function fetched(revisionId: string, specDigest = "digest"): RevisionPlace {
  return { id: idOf("shop"), specDigest, fetchedFor: { uid: "uid", revisionId } };
}

const state: ProjectState = { id: idOf("shop"), sequence: 1, stopped: false };
const git = { repository: "https://git.example/shop.git", ref: "", path: "a", commit: "b" };

/** A fetched revision that was brought up. */
function made(revisionId: string): MadeRevision {
  const revision = {
    git,
    project: "shop",
    services: [],
    profiles: [],
    retainVolumes: false,
    names: [],
  };
  const ids = { uid: "uid", revisionId, specDigest: "digest" };
  return { ...ids, sequence: 1, turn: 0, finished: true, revision, hashes: {} };
}

describe("revisions that never settle", () => {
  it.each([
    ["of one spec that is fetched", (at: number) => fetched(`late-${at}`)],
    ["of many specs", (at: number) => ({ id: idOf("shop"), specDigest: `digest-${at}` })],
  ])("%s leave only the last behind, and never what is up or set aside", async (_, placeOf) => {
    await folders.store(idOf("shop"), { ...state, current: made("up"), kept: made("before") });
    const inUse = [fetched("up"), fetched("before")];
    for (const place of inUse) await folders.storeSource(place, source);
    for (let at = 0; at < 12; at += 1) await folders.storeSource(placeOf(at), source);
    const revisions = readdirSync(join(folders.folderOf(idOf("shop")), "revisions"));
    expect(revisions.length).toBeLessThanOrEqual(6);
    for (const place of [...inUse, placeOf(11)])
      expect(await folders.source(place)).toEqual(source);
  });
});

describe("the revision that has settled last", () => {
  it("stays what it was while others come that do not settle, though nothing of it is up any more", async () => {
    const id = idOf("shop");
    await folders.store(id, { ...state, current: made("settled") });
    await folders.storeSource(fetched("settled"), source);
    await folders.retire(id, ["digest"], [fetched("settled")]);
    await folders.store(id, { ...state, current: made("late-0") });
    for (let at = 0; at < 12; at += 1) await folders.storeSource(fetched(`late-${at}`), source);
    expect(await folders.source(fetched("settled"))).toEqual(source);

    await folders.retire(id, ["digest"], [fetched("late-11")]);
    for (let at = 12; at < 24; at += 1) await folders.storeSource(fetched(`late-${at}`), source);
    expect(await folders.source(fetched("settled"))).toBeUndefined();
    expect(await folders.source(fetched("late-11"))).toEqual(source);
  });
});

describe("revisions that were fetched for one spec", () => {
  it("are each what they were, and only the last ones stay besides those in use", async () => {
    const places = Array.from({ length: 9 }, (_, at) => fetched(String(at)));
    await folders.store(idOf("shop"), { ...state, current: made("0"), kept: made("1") });
    for (const [at, place] of places.entries())
      await folders.storeSource(place, { ...source, profiles: [String(at)] });
    await folders.storeSource(fetched("1", "other"), source);

    await folders.retire(idOf("shop"), ["digest"], [fetched("0"), fetched("1")]);

    const left = await Promise.all(places.map((place) => folders.source(place)));
    expect(left.filter((one) => one !== undefined).length).toBeLessThanOrEqual(6);
    expect(left[0]).toEqual({ ...source, profiles: ["0"] });
    expect(left[1]).toEqual({ ...source, profiles: ["1"] });
    expect(await folders.source(fetched("1", "other"))).toBeUndefined();
  });
});
