import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LmdbStateStore } from "@persys/adapters/lmdb";
import type { EarlierState, ExtraStorage } from "@persys/conformance";
import {
  fixtureContent,
  fixtureFolder,
  fixtureNodeId,
  fixtureVersions,
} from "../support/state-fixture.ts";

/** The state folders that earlier releases wrote. */
export function earlierLmdbStates(): readonly EarlierState[] {
  return fixtureVersions.map((version) => ({
    name: `format ${version}`,
    ...fixtureContent(version),
    open: () => copyOf(`${fixtureFolder(version)}data.mdb`),
  }));
}

async function copyOf(data: string): Promise<ExtraStorage> {
  const path = await mkdtemp(join(tmpdir(), "persys-state-"));
  await copyFile(data, join(path, "data.mdb"));
  return {
    store: () => new LmdbStateStore({ path, nodeId: fixtureNodeId }),
    dispose: () => rm(path, { recursive: true }),
  };
}
