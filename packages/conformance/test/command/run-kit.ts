import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a command said, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const main = fileURLToPath(new URL("../../src/command/main.ts", import.meta.url));

/** The folder of the modules that the tests judge. */
export const modules: string = fileURLToPath(new URL("modules/", import.meta.url));

/**
 * Runs persys-conformance from its sources, in the folder of the modules. `onStderr` sees what it says so far, and can signal it.
 */
export async function persysConformance(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly onStderr?: (text: string, signal: (name: NodeJS.Signals) => void) => void;
  } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=@persys/source", main, ...args], {
    cwd: modules,
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
    options.onStderr?.(said.stderr, (name) => child.kill(name));
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...said };
}
