import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Action, WorkloadRecord } from "@persys/core";

/** The node whose state the fixtures are. */
export const fixtureNodeId = "node-1";

/** The versions whose states are kept. Only ever grows. */
export const fixtureVersions: readonly number[] = [1, 2];

/** What a kept state holds. */
export interface StateFixture {
  readonly records: readonly WorkloadRecord[];
  readonly actions: readonly Action[];
}

/** Where the kept states of a version lie: made by make-states.ts there. */
export function fixtureFolder(version: number): string {
  return fileURLToPath(new URL(`../fixtures/states/v${version}/`, import.meta.url));
}

/** What the kept states of a version hold. */
export function fixtureContent(version: number): StateFixture {
  return JSON.parse(readFileSync(`${fixtureFolder(version)}content.json`, "utf8")) as StateFixture;
}
