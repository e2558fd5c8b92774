import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { errnoOf } from "./docker-errors.ts";
import { type DockerConfig, dockerConfigSchema } from "./registry-config.ts";

/** A file's content, or in words what is wrong with it: the end of a sentence that begins with its path. Never holds any of it. */
export type ConfigFile =
  | { readonly ok: true; readonly value: DockerConfig }
  | { readonly ok: false; readonly fault: string; readonly cause?: unknown };

/** Larger files than any `docker login` writes: nothing that fills the memory is read. */
const fileBytesMax = 1_048_576;

/** Reads a Docker `config.json`. Repeatable. @throws the signal's reason. */
export async function readConfigFile(path: string, signal: AbortSignal): Promise<ConfigFile> {
  let text: string | undefined;
  try {
    text = await readBounded(path);
  } catch (error) {
    const errno = errnoOf(error) ?? "no errno";
    return { ok: false, fault: `cannot be read (${errno}): ${adviceOf(errno)}`, cause: error };
  }
  signal.throwIfAborted();
  if (text === undefined)
    return {
      ok: false,
      fault: `is no file of at most ${fileBytesMax} bytes: is it a Docker config.json?`,
    };
  const parsed = dockerConfigSchema.safeParse(jsonOf(text));
  // What the parsers say quotes the text, secrets included, and is left out.
  if (parsed.success) return { ok: true, value: parsed.data };
  return {
    ok: false,
    fault: "is not of the form of a Docker config.json: run `docker login` again",
  };
}

/** Undefined: it is no file, or too large. Does not wait for the writer of a pipe. */
async function readBounded(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = await file.stat();
    if (!facts.isFile() || facts.size > fileBytesMax) return undefined;
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function adviceOf(errno: string): string {
  if (errno === "ENOENT") return "make it with `docker login`, or change the setting";
  return "give the agent's user the right to read it";
}
