import { defineConfig } from "vitest/config";
import { ClosingLineReporter } from "./scripts/closing-line-reporter.ts";
import { LongestFirstSequencer } from "./scripts/longest-first-sequencer.ts";

/** Tests run the packages' sources: no build comes first. */
const fromSource = {
  ssr: { resolve: { conditions: ["@persys/source", "module", "node", "development|production"] } },
};

/** Packages whose unit tests keep no state outside of what they make: their files share a process, which saves half of their time. */
const withoutState = ["packages/{core,client,conformance,cli}/test/**/*.test.ts"];

const neverUnit = ["**/*.e2e.test.ts", "**/*.long.test.ts", "**/node_modules/**"];

export default defineConfig({
  ...fromSource,
  test: {
    reporters: ["default", new ClosingLineReporter()],
    sequence: { sequencer: LongestFirstSequencer },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          // By itself vitest leaves one processor free.
          maxWorkers: 2,
          include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...neverUnit, ...withoutState],
        },
      },
      {
        extends: true,
        test: {
          name: "pure",
          maxWorkers: 2,
          isolate: false,
          include: withoutState,
          exclude: neverUnit,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["packages/*/test/**/*.e2e.test.ts", "test/**/*.e2e.test.ts"],
          pool: "forks",
          // More than a machine of two processors has: most of the time these wait for engines and agents, with limits that busy machines keep.
          maxWorkers: 3,
          // After the unit tests: these start processes and watch how long things take.
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "long",
          include: ["packages/*/test/**/*.long.test.ts", "test/**/*.long.test.ts"],
          testTimeout: 900_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
