import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ProjectFolders } from "../../src/compose/project-folders.ts";
import type { ProjectSource } from "../../src/compose/project-source.ts";
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

describe("revisions that were fetched for one spec", () => {
  it("are each what they were, and only the last ones stay besides those in use", async () => {
    const places = Array.from({ length: 9 }, (_, at) => fetched(String(at)));
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
