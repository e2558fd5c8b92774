import {
  assert as check,
  asyncProperty,
  commands,
  type AsyncCommand,
  asyncModelRun,
  constantFrom,
  record,
  integer,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { isAlive, ProcessHarness } from "./process-harness.ts";

const web = idOf("web");

/** What should be: which revision is current and kept, and whether the current one runs. */
interface Model {
  current: number | undefined;
  kept: number | undefined;
  isRunning: boolean;
}

/** One operation, done several times over: all but the first have to change nothing. */
class Operation implements AsyncCommand<Model, ProcessHarness> {
  readonly #kind: string;
  readonly #revision: number;
  readonly #times: number;

  constructor(kind: string, revision: number, times: number) {
    this.#kind = kind;
    this.#revision = revision;
    this.#times = times;
  }

  check(model: Readonly<Model>): boolean {
    return this.#kind !== "kill" || model.isRunning;
  }

  async run(model: Model, host: ProcessHarness): Promise<void> {
    apply(model, this.#kind, this.#revision);
    for (let time = 0; time < this.#times; time += 1)
      await perform(host, this.#kind, this.#revision);
    await agrees(model, host);
  }

  toString(): string {
    return `${this.#kind}(${this.#revision}) x ${this.#times}`;
  }
}

function apply(model: Model, kind: string, revision: number): void {
  switch (kind) {
    case "start":
    case "replace":
      if (model.current !== undefined && model.current !== revision) model.kept ??= model.current;
      model.current = revision;
      model.isRunning = true;
      break;
    case "restore":
      if (model.kept === undefined) break;
      model.current = model.kept;
      model.kept = undefined;
      model.isRunning = true;
      break;
    case "retire":
      model.kept = undefined;
      break;
    case "remove":
      model.current = undefined;
      model.kept = undefined;
      model.isRunning = false;
      break;
    case "stop":
    case "kill":
      model.isRunning = false;
      break;
    default:
  }
}

async function perform(host: ProcessHarness, kind: string, revision: number): Promise<void> {
  const target = targetOf("web", ProcessHarness.longRunning(host.mark, String(revision)), {
    revisionId: String(revision),
  });
  switch (kind) {
    case "start":
      return host.runtime.start(target, forever);
    case "replace":
      return host.runtime.replace(target, forever);
    case "restore":
      return host.runtime.restore(web, forever);
    case "retire":
      return host.runtime.retire(web, [], forever);
    case "remove":
      return host.runtime.remove(web, forever);
    case "stop":
      return host.runtime.stop(web, 1_000, forever);
    case "kill":
      host.kill((line) => line.startsWith("sleep"));
      return eventually(async () => (await host.current("web")).state === "exited");
    default:
      host.runtime = host.another();
      return undefined;
  }
}

async function agrees(model: Model, host: ProcessHarness): Promise<void> {
  const seen = await host.observe("web");
  const instances = seen.kind === "present" ? seen.instances : [];
  const current = instances.find((one) => !one.kept);
  expect(current?.revisionId).toBe(model.current?.toString());
  expect(current?.state).toBe(
    model.current === undefined ? undefined : model.isRunning ? "running" : "exited",
  );
  expect(instances.find((one) => one.kept)?.revisionId).toBe(model.kept?.toString());
  const isLive = (): boolean =>
    host.programs((line) => line.startsWith("sleep")).filter(isAlive).length ===
    (model.isRunning ? 1 : 0);
  await eventually(isLive, 1_000);
}

describe("sequences of operations on a process", () => {
  it.each(["auto", "off"] as const)(
    "leave what the last ones ask for, each as often as it likes (control groups %s)",
    async (cgroups) => {
      const operation = record({
        kind: constantFrom(
          "start",
          "replace",
          "restore",
          "retire",
          "remove",
          "stop",
          "kill",
          "restart agent",
        ),
        revision: integer({ min: 1, max: 3 }),
        times: constantFrom(1, 2, 10),
      }).map(
        ({ kind, revision, times }) => new Operation(kind, revision, kind === "kill" ? 1 : times),
      );
      await check(
        asyncProperty(commands([operation], { size: "medium" }), async (sequence) => {
          const host = new ProcessHarness({ cgroups });
          try {
            const model: Model = { current: undefined, kept: undefined, isRunning: false };
            await asyncModelRun(() => ({ model, real: host }), sequence);
            await host.runtime.remove(web, forever);
            await eventually(() => host.census().length === 0);
          } finally {
            await host.close();
          }
        }),
        { numRuns: 6 },
      );
    },
    60_000,
  );
});
