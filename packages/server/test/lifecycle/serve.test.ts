import { EventEmitter } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import type { Places } from "../../src/composition/compose-agent.ts";
import type { ServerTransport } from "../../src/composition/tokens.ts";
import type { ExitCode } from "../../src/exit-codes.ts";
import { serve } from "../../src/lifecycle/serve.ts";
import { recordingLogger } from "../support/recording-logger.ts";
import { type StubEngine, stubEngine, stubModule, stubSettings } from "../support/stub-agent.ts";
import { tempFolder } from "../support/temp-folder.ts";

interface Served {
  readonly devDir: string;
  readonly lines: readonly string[];
  readonly exit: Promise<ExitCode>;
  readonly up: Promise<Places>;
  signal(signal: NodeJS.Signals): void;
  readonly listening: () => number;
}

/** Serves a stub engine in this process, with signals of its own. */
function served(
  engine: StubEngine,
  { env, transport }: { env?: Record<string, string>; transport?: Partial<ServerTransport> } = {},
): Served {
  const devDir = tempFolder();
  const logger = recordingLogger();
  const signals = new EventEmitter();
  const up = Promise.withResolvers<Places>();
  const exit = serve({
    settings: stubSettings(devDir, env),
    modules: [stubModule(engine, transport)],
    logger: { ...logger, setLevel: () => {}, flush: () => {} },
    signals,
    announce: up.resolve,
  });
  return {
    devDir,
    lines: logger.lines,
    exit,
    up: up.promise,
    signal: (signal) => void signals.emit(signal, signal),
    listening: () => signals.eventNames().length,
  };
}

const never = (): Promise<void> => new Promise(() => {});

describe("serve", () => {
  it("serves until it is told to stop, and ends with 0", async () => {
    const engine = stubEngine();
    const agent = served(engine);

    const { http, metrics } = await agent.up;
    const ready = await fetch(`${metrics}/ready`);
    const endpoints: unknown = JSON.parse(readFileSync(`${agent.devDir}/endpoints.json`, "utf8"));
    agent.signal("SIGTERM");

    expect(await agent.exit).toBe(0);
    expect(ready.status).toBe(200);
    expect(endpoints).toMatchObject({ http, metrics, pid: process.pid, nodeId: agent.devDir });
    expect(engine.asked).toEqual(["start", "stop"]);
    expect(existsSync(`${agent.devDir}/endpoints.json`)).toBe(false);
    expect(agent.listening()).toBe(0);
  });

  it("is to be found only once the engine has recovered", async () => {
    const recovered = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const engine = stubEngine({
      start: () => {
        begun.resolve();
        return recovered.promise;
      },
    });
    const agent = served(engine);
    await begun.promise;

    expect(existsSync(`${agent.devDir}/endpoints.json`)).toBe(false);
    recovered.resolve();
    await agent.up;
    agent.signal("SIGINT");

    expect(await agent.exit).toBe(0);
  });

  it("ends with 6 when the engine loses its ownership", async () => {
    const engine = stubEngine();
    const agent = served(engine);
    await agent.up;

    engine.fail(new AgentError("OWNERSHIP_LOST", "another agent took over"));

    expect(await agent.exit).toBe(6);
    expect(engine.asked).toEqual(["start", "stop"]);
    expect(agent.lines).toContain("error: the engine had to stop: another agent took over");
  });

  it.each([
    ["OWNED_BY_OTHER", 3],
    ["STORE_UNAVAILABLE", 5],
    ["STORE_FULL", 5],
    ["INTERNAL", 1],
  ] as const)("ends with the code of %s when the engine cannot start", async (code, exitCode) => {
    const engine = stubEngine({ start: () => Promise.reject(new AgentError(code, "no start")) });
    const agent = served(engine);

    expect(await agent.exit).toBe(exitCode);
    expect(agent.lines).toContain("error: no start");
    expect(engine.asked).toEqual(["start", "stop"]);
  });

  it("ends with 4 and says what to do when a transport's port is taken", async () => {
    const taken = Object.assign(new Error("taken"), { code: "EADDRINUSE" });
    const cause = new AgentError("PORT_CONFLICT", "port conflict", { cause: taken });
    const agent = served(stubEngine(), { transport: { start: () => Promise.reject(cause) } });

    expect(await agent.exit).toBe(4);
    expect(agent.lines.join("\n")).toContain("cannot serve the API: port 1 at 127.0.0.1 is in use");
  });

  it("ends with 0 when it is told to stop while it starts", async () => {
    const begun = Promise.withResolvers<void>();
    const engine = stubEngine({
      start: (signal) => {
        begun.resolve();
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
        });
      },
    });
    const agent = served(engine);
    await begun.promise;

    agent.signal("SIGTERM");

    expect(await agent.exit).toBe(0);
    expect(engine.asked).toEqual(["start", "stop"]);
  });

  it("ends with 7 when something does not stop in time", async () => {
    const agent = served(stubEngine({ stop: never }), { env: { PERSYS_STOP_TIMEOUT: "1s" } });
    await agent.up;

    agent.signal("SIGTERM");

    expect(await agent.exit).toBe(7);
    expect(agent.lines).toContain("error: did not come to an end in time; workloads go on running");
  });
});
