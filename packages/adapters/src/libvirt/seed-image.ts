import { mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AgentError } from "@persys/core";
import { execa, ExecaError } from "execa";
import type { SeedFiles } from "./seed-files.ts";

/** The commands that make a volume, each with the words that make it take the same ones as the others. */
const makers: readonly (readonly [command: string, ...words: string[]])[] = [
  ["xorriso", "-as", "genisoimage"],
  ["genisoimage"],
  ["mkisofs"],
];

/** The name by which cloud-init knows the volume. */
const volumeName = "cidata";

/**
 * Makes the image of a seed at `path`, readable for its owner alone: libvirt hands it to the machine. It is there whole or not at all, on disk
 * when this returns; one that was there is replaced.
 * @throws {AgentError} STORAGE_ERROR for what cannot be written, RUNTIME_ERROR where no command makes images; both retryable
 * @throws the signal's reason
 */
export async function makeSeedImage(
  files: SeedFiles,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  let folder: string | undefined;
  try {
    folder = await mkdtemp(join(dirname(path), ".seed-"));
    const names = [...files.keys()];
    for (const [name, content] of files)
      await writeFile(join(folder, name), content, { mode: 0o600 });
    const image = join(folder, "image");
    await make(image, { folder, names, signal });
    await publish(image, path);
  } catch (error) {
    signal.throwIfAborted();
    throw seedError(error);
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function make(
  image: string,
  { folder, names, signal }: { folder: string; names: readonly string[]; signal: AbortSignal },
): Promise<void> {
  const words = ["-quiet", "-output", image, "-volid", volumeName, "-joliet", "-rock", ...names];
  for (const [command, ...first] of makers) {
    try {
      await execa(command, [...first, ...words], {
        cwd: folder,
        cancelSignal: signal,
        stdin: "ignore",
        maxBuffer: 65_536,
      });
      return;
    } catch (error) {
      if (!(error instanceof ExecaError) || error.code !== "ENOENT") throw error;
    }
  }
  const commands = makers.map(([command]) => command).join(", ");
  const why = `none of ${commands} is installed, one of which makes the image for cloud-init`;
  throw new AgentError("RUNTIME_ERROR", why, { retryable: true, effect: "none" });
}

async function publish(image: string, path: string): Promise<void> {
  const file = await open(image, "r+");
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(image, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What a command printed is left out: it may name what is in the files. */
function seedError(error: unknown): AgentError {
  if (AgentError.is(error)) return error;
  const isCommand = error instanceof ExecaError;
  const how = isCommand ? `exit code ${error.exitCode ?? "none"}` : errnoOf(error);
  return new AgentError("STORAGE_ERROR", `could not make the image for cloud-init (${how})`, {
    retryable: true,
    cause: error,
  });
}

function errnoOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
