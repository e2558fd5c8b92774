import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import { endsConnection, movedTo, replyCodeOf, storeError } from "../../src/redis/redis-errors.ts";

const attempt = { doing: "written", effect: "unknown", place: "redis://host:6379/0" } as const;

/** An answer of the server, as ioredis gives it. */
function replied(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError" });
}

describe("storeError", () => {
  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", "STORE_FULL", true],
    ["MISCONF Errors writing to the AOF file: No space left on device", "STORE_UNAVAILABLE", true],
    ["LOADING Redis is loading the dataset in memory", "STORE_UNAVAILABLE", true],
    ["NOREPLICAS Not enough good replicas to write.", "STORE_UNAVAILABLE", true],
    ["BUSY Redis is busy running a script.", "STORE_UNAVAILABLE", true],
    ["CLUSTERDOWN Hash slot not served", "STORE_UNAVAILABLE", true],
    ["WRONGPASS invalid username-password pair", "STORE_UNAVAILABLE", false],
  ])("takes %j for a call without effect", (message, code, retryable) => {
    const error = storeError(replied(message), attempt);

    expect(error).toMatchObject({ code, effect: "none", retryable });
    expect(error.details).toEqual({ server: attempt.place, code: message.split(" ")[0] });
  });

  it("leaves open what an answer it does not know and a lost connection have done", () => {
    const unknown = storeError(replied("ERR no such thing"), attempt);
    const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

    expect(unknown).toMatchObject({ code: "STORE_UNAVAILABLE", effect: "unknown" });
    expect(storeError(reset, attempt)).toMatchObject({
      effect: "unknown",
      retryable: true,
      details: { code: "ECONNRESET" },
    });
    expect(storeError(reset, { ...attempt, effect: "none" }).effect).toBe("none");
  });

  it("is not led by words, and passes AgentErrors on", () => {
    const words = new Error("OOM command not allowed");
    const already = new AgentError("STORE_FULL", "full");

    expect(storeError(words, attempt).code).toBe("STORE_UNAVAILABLE");
    expect(storeError(already, attempt)).toBe(already);
    expect(replyCodeOf(words)).toBeUndefined();
  });
});

describe("movedTo", () => {
  it("reads where the keys are now", () => {
    const moved = (place: string) => movedTo(replied(`MOVED 3999 ${place}`));

    expect(moved("10.0.0.7:6381")).toEqual({ host: "10.0.0.7", port: 6381 });
    expect(moved("::1:6381")).toEqual({ host: "::1", port: 6381 });
    expect(moved(":6381")).toEqual({ host: "", port: 6381 });
    expect(moved("nonsense")).toBeUndefined();
    expect(movedTo(replied("ASK 3999 10.0.0.7:6381"))).toBeUndefined();
    expect(endsConnection(replied("ASK 3999 10.0.0.7:6381"))).toBe(false);
  });
});
