import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, it } from "vitest";
import type { Lack } from "../scripts/closing-line-reporter.ts";

/**
 * A suite that needs something of the machine. Where that is lacking it is skipped by name, or fails where `CI=true`: there nothing may go
 * untested unnoticed.
 */
export function describeUnlessLacking(
  lacking: Lack | undefined,
  title: string,
  body: () => void,
): void {
  if (lacking === undefined) {
    describe(title, body);
  } else if (process.env["CI"] === "true") {
    describe(title, () => {
      it("finds what it needs", () => {
        throw new Error(lacking);
      });
    });
  } else {
    describe(title, { skip: true, meta: { lacking } }, body);
  }
}

/** The environment, or what the last `scripts/test-host up` wrote for those who start no tests through it. */
export function hostVariables(): Readonly<Record<string, string | undefined>> {
  if (process.env["PERSYS_TEST_DOCKER_HOST"] !== undefined) return process.env;
  const written = join(process.env["PERSYS_TEST_ROOT"] ?? "/tmp/persys-test-host", "env");
  return existsSync(written) ? parseEnv(readFileSync(written, "utf8")) : {};
}
