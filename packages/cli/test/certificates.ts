import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll } from "vitest";

const agent = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));

/** Certificates of an authority of their own. */
export interface Certificates {
  readonly folder: string;
  /** The path of one of them: `ca.pem`, `viewer.pem`, `viewer-key.pem`. */
  readonly path: (name: string) => string;
  /** Its text. */
  readonly pem: (name: string) => string;
}

/** Has the agent's own command make certificates, in a folder that goes with the tests of the file. Called before them. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), "persysctl-certs-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const args = ["--conditions=@persys/source", agent, "certs", "dev", "--dir", folder];
  await promisify(execFile)(process.execPath, args);
  const path = (name: string): string => join(folder, name);
  return { folder, path, pem: (name) => readFileSync(path(name), "utf8") };
}
