import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A new empty folder that goes with the test. */
export function tempFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "persys-server-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
