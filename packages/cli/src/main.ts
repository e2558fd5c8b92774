import { homedir } from "node:os";
import { exitCodes } from "./exit-code.ts";
import { run } from "./run.ts";

const interrupt = new AbortController();

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // The reader has seen enough (`persysctl get | head -1`).
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    throw error;
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The first ends the command in an orderly way; who asks twice is not kept waiting.
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
    interrupt.abort(new Error("interrupted"));
  });
}

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  homeDir: homedir(),
  userId: process.getuid?.(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupt.signal,
  now: Date.now,
});
// A connection that is still closing, such as one with an upload that was refused, must not hold the command.
await Promise.all(
  [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((resolve) => void stream.write("", () => resolve())),
  ),
);
process.exit();
