import { describe, expect, it } from "vitest";
import { RequestTurns, waitingMax } from "../../src/engine/request-turns.ts";

const done = (): Promise<string> => Promise.resolve("done");

describe("turns of requests", () => {
  it("begin in the order of their coming, and wait for nobody else's", async () => {
    const turns = new RequestTurns();
    const begun: string[] = [];
    const work = (name: string) => async (): Promise<void> => void begun.push(name);
    const { promise, resolve } = Promise.withResolvers<void>();

    const first = turns.run("web", work("first"), () => promise);
    const second = turns.run("web", work("second"));
    await turns.run("db", work("other"));
    resolve();
    await Promise.all([first, second]);

    expect(begun).toEqual(["other", "first", "second"]);
  });

  it("are refused beyond what may wait for one workload, and begin again once they are through", async () => {
    const turns = new RequestTurns();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = Array.from({ length: waitingMax.ofOne }, () =>
      turns.run("web", done, () => promise),
    );

    await expect(turns.run("web", done)).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      retryable: true,
      effect: "none",
      retryAfterMs: 1_000,
    });
    expect(await turns.run("db", done)).toBe("done");
    resolve();
    await Promise.all(waiting);
    expect(await turns.run("web", done)).toBe("done");
  });

  it("are refused beyond what may wait as a whole", async () => {
    const turns = new RequestTurns();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = Array.from({ length: waitingMax.ofAll }, (_, at) =>
      turns.run(`w${Math.floor(at / waitingMax.ofOne)}`, done, () => promise),
    );

    await expect(turns.run("new", done, () => promise)).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
    resolve();
    await Promise.all(waiting);
  });

  it("go on after one that failed before its work", async () => {
    const turns = new RequestTurns();
    const failed = turns.run("web", done, () => Promise.reject(new Error("denied")));
    const next = turns.run("web", done);

    await expect(failed).rejects.toThrow("denied");
    expect(await next).toBe("done");
  });
});
