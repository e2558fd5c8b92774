import { PassThrough } from "node:stream";
import type { Host } from "../src/host.ts";

/** What of a host matters to a test. */
export interface HostSetting {
  readonly env?: Readonly<Record<string, string>>;
  /** Stdout and stderr are terminals, 60 columns wide. */
  readonly terminal?: boolean;
}

/** A host without a process, and what was written since it was last asked. */
export function fakeHost({ env = {}, terminal = false }: HostSetting = {}) {
  const stream = () => Object.assign(new PassThrough(), { isTTY: terminal, columns: 60 });
  const [stdout, stderr] = [stream(), stream()];
  const host: Host = {
    env,
    cwd: "/",
    homeDir: "/nowhere",
    userId: 0,
    stdin: new PassThrough(),
    stdout,
    stderr,
    signal: new AbortController().signal,
    now: () => Date.now(),
  };
  const written = (from: PassThrough) => (): string => {
    const data: Buffer | null = from.read();
    return data === null ? "" : data.toString("utf8");
  };
  return { host, stdout: written(stdout), stderr: written(stderr) };
}
