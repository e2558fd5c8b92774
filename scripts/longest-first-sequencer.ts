import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take longest, before all others of their project. Without results of an earlier run vitest begins with the largest files, and these
 * are short ones: the last of them would run on alone.
 */
const longest = [
  "packages/adapters/test/docker/docker-runtime.contract.e2e.test.ts",
  "packages/server/test/e2e/api-contract.e2e.test.ts",
  "packages/adapters/test/process/process-runtime.contract.test.ts",
  "packages/conformance/test/api-contract/sound-server.test.ts",
  "packages/conformance/test/api-contract/broken-servers.test.ts",
  "packages/server/test/e2e/crash.e2e.test.ts",
  "packages/server/test/e2e/vms.e2e.test.ts",
  "test/readme.e2e.test.ts",
  "packages/server/test/e2e/engine-outage.e2e.test.ts",
  "packages/server/test/e2e/containers.e2e.test.ts",
];

/** Begins with what takes longest, so that all workers end at about the same time. */
export class LongestFirstSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sortBySize = super.sort.bind(this);
    return (await sortBySize(files)).toSorted(
      (a, b) => groupOf(a) - groupOf(b) || this.#placeOf(a) - this.#placeOf(b),
    );
  }

  #placeOf({ moduleId }: TestSpecification): number {
    const at = longest.indexOf(relative(this.ctx.config.root, moduleId));
    return at === -1 ? longest.length : at;
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}
