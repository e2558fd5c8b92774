import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { NodeUnderTest } from "./node-under-test.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const program = `${root}/packages/cli/src/main.ts`;

/** Runs persysctl as a user would, next to the agent's development folder. Resolves with what it printed; rejects where it fails. */
export async function runPersysctl(
  node: NodeUnderTest,
  ...args: readonly string[]
): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@persys/source", program, ...args],
    {
      cwd: root,
      env: {
        PATH: process.env["PATH"],
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
        HOME: node.folder,
        PERSYS_DEV_DIR: node.agent.devDir,
      },
    },
  );
  return stdout;
}
