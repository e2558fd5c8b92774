import { spawn } from "node:child_process";
import { z } from "zod";
import type { RegistryCredentials } from "./docker-client.ts";
import { errnoOf } from "./docker-errors.ts";
import { helperCredentials } from "./registry-config.ts";

/** What a helper has, or in words why it could not be asked: the end of a sentence that begins with its name. Never holds its output. */
export type HelperAnswer =
  | { readonly ok: true; readonly value: RegistryCredentials | undefined }
  | { readonly ok: false; readonly fault: string; readonly cause?: unknown };

/** Helpers may ask a service of a cloud. */
const helperTimeoutMs = 30_000;
const outputBytesMax = 65_536;

const answerSchema = z.object({ Username: z.string(), Secret: z.string() });

/**
 * Runs `docker-credential-<helper> get`, without a shell. Undefined credentials: it has none for this address, which it says as it says any
 * other failure of its own, so that both mean to pull as nobody, as they do for Docker.
 * @throws the signal's reason, after ending the program.
 */
export async function askHelper(
  helper: string,
  serverAddress: string,
  signal: AbortSignal,
): Promise<HelperAnswer> {
  signal.throwIfAborted();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(helperTimeoutMs)]);
  try {
    const { code, output } = await run(`docker-credential-${helper}`, serverAddress, limit);
    if (output === undefined)
      return { ok: false, fault: `answered with more than ${outputBytesMax} bytes` };
    if (code === null) return { ok: false, fault: "was killed" };
    if (code !== 0) return { ok: true, value: undefined };
    const answer = answerSchema.safeParse(jsonOf(output));
    if (!answer.success) return { ok: false, fault: "answered with what is no credential" };
    const { Username: username, Secret: secret } = answer.data;
    return { ok: true, value: helperCredentials({ username, secret }, serverAddress) };
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted)
      return { ok: false, fault: `did not answer within ${helperTimeoutMs / 1000} seconds` };
    const errno = errnoOf(error) ?? "no errno";
    const fault = `cannot be run (${errno}): install it where the agent's PATH finds it`;
    return { ok: false, fault, cause: error };
  }
}

interface Ended {
  /** Null: by a signal. */
  readonly code: number | null;
  /** Undefined: it was too much, and the program was ended for it. */
  readonly output: string | undefined;
}

function run(program: string, input: string, signal: AbortSignal): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  // What it says on stderr may hold secrets and is for nobody. A group of its own, so that what it starts ends with it.
  const stdio: ["pipe", "pipe", "ignore"] = ["pipe", "pipe", "ignore"];
  const child = spawn(program, ["get"], { stdio, detached: true });
  const end = (): void => {
    if (child.pid !== undefined) killGroup(child.pid);
    reject(signal.reason);
  };
  signal.addEventListener("abort", end, { once: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= outputBytesMax) chunks.push(chunk);
    else if (child.pid !== undefined) killGroup(child.pid);
  });
  // One that ends without reading its input is judged by its exit code.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  child.on("error", reject);
  child.on("close", (code) => {
    const isWhole = bytes <= outputBytesMax;
    resolve({ code, output: isWhole ? Buffer.concat(chunks).toString("utf8") : undefined });
  });
  return promise.finally(() => {
    signal.removeEventListener("abort", end);
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It has ended meanwhile.
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
