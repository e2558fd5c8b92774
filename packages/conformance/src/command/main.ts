import type { CommandHost } from "./command-host.ts";
import { exitCodes } from "./exit-codes.ts";
import { runCommand } from "./run-command.ts";

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // The reader has seen enough (`persys-conformance list runtime | head -1`).
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    throw error;
  });
}

/** A signal that comes again this soon is the same wish: on Ctrl-C the terminal signals the whole group, and npm hands its own on. */
const echoMs = 1_000;

let interruption: AbortController | undefined;

/** Takes the signals over from Node once a command asks: one that does not is ended by them. */
function interrupt(): AbortSignal {
  if (interruption !== undefined) return interruption.signal;
  const controller = new AbortController();
  interruption = controller;
  let firstAtMs: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      // The first lets what runs clear away; who asks twice is not kept waiting.
      const nowMs = performance.now();
      if (firstAtMs !== undefined && nowMs - firstAtMs >= echoMs) {
        process.exit(exitCodes.interrupted);
      }
      firstAtMs ??= nowMs;
      controller.abort(new Error("interrupted"));
    });
  }
  return controller.signal;
}

const { env, stdout, stderr } = process;
const host: CommandHost = { env, cwd: process.cwd(), stdout, stderr, interrupt };
const exitCode = await runCommand(process.argv.slice(2), host);
// A command that has no exit code of its own may have set that of the process.
if (exitCode !== exitCodes.ok) process.exitCode = exitCode;
await Promise.all(
  [stdout, stderr].map(
    (stream) => new Promise<void>((resolve) => void stream.write("", () => resolve())),
  ),
);
// What a subject has left running must not hold the command.
process.exit();
