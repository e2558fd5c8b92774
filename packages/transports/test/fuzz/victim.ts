import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createNodeAgentClient } from "@persys/client/node";
import type { ServerState } from "./fuzz-server.ts";

/** Which port is tried. */
export type Door = "connect" | "grpc";

/** What honest clients met meanwhile. */
export interface Service {
  readonly calls: number;
  readonly failures: readonly string[];
  readonly slowestMs: number;
}

/** A process that serves both transports, with an honest client of each that calls without a pause. */
export class Victim {
  readonly ports: Readonly<Record<Door, number>>;
  readonly #child: ChildProcess;
  readonly #failures: string[] = [];
  #peakBytes = 0;
  #calls = 0;
  #slowestMs = 0;
  #ended = false;
  #serving: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, ports: Readonly<Record<Door, number>>) {
    this.#child = child;
    this.ports = ports;
  }

  static async start(): Promise<Victim> {
    const program = fileURLToPath(new URL("fuzz-server.ts", import.meta.url));
    const child = fork(program, {
      execArgv: ["--conditions=@persys/source", "--expose-gc", "--max-old-space-size=512"],
    });
    const [ports] = (await once(child, "message")) as [Record<Door, number>];
    const victim = new Victim(child, ports);
    victim.#serving = Promise.all([victim.#call("connect"), victim.#call("grpc")]);
    return victim;
  }

  /** Whether it has not crashed. */
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The most memory that was seen in use. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  get service(): Service {
    return { calls: this.#calls, failures: this.#failures, slowestMs: this.#slowestMs };
  }

  async state(): Promise<ServerState> {
    const told = once(this.#child, "message");
    this.#child.send("state");
    const [state] = (await told) as [ServerState];
    this.#peakBytes = Math.max(this.#peakBytes, state.rssBytes);
    return state;
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#serving;
    if (!this.isAlive) return;
    const exit = once(this.#child, "exit");
    this.#child.send("end");
    await exit;
  }

  /** One connection that is kept, and a new one each time. */
  async #call(door: Door): Promise<void> {
    const make = (): ReturnType<typeof createNodeAgentClient> =>
      createNodeAgentClient({
        baseUrl: `http://127.0.0.1:${this.ports[door]}`,
        protocol: door === "grpc" ? "grpc" : "connect",
        token: "secret",
      });
    const kept = make();
    while (!this.#ended && this.isAlive) {
      for (const client of [kept, make()]) {
        const startedAtMs = performance.now();
        this.#calls += 1;
        try {
          await client.healthCheck({});
        } catch (error) {
          const which = client === kept ? "the kept" : "a new";
          const afterMs = Math.round(performance.now() - startedAtMs);
          this.#failures.push(
            `${door}, over ${which} connection, after ${afterMs} ms: ${String(error)}`,
          );
        }
        this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAtMs);
      }
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }
}
