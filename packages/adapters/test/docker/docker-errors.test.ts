import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import { dockerError, httpStatusOf } from "../../src/docker/docker-errors.ts";

function answered(statusCode: number, message = "words of the engine"): Error {
  return Object.assign(new Error(`(HTTP code ${statusCode}) - ${message}`), {
    statusCode,
    json: { message },
  });
}

function failedCall(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

describe("dockerError", () => {
  it.for([
    [400, "INVALID_SPEC", false],
    [401, "PERMISSION_DENIED", true],
    [403, "PERMISSION_DENIED", true],
    [404, "RUNTIME_ERROR", true],
    [409, "RUNTIME_ERROR", true],
    [500, "RUNTIME_ERROR", true],
    [502, "RUNTIME_UNAVAILABLE", true],
    [503, "RUNTIME_UNAVAILABLE", true],
  ] as const)("makes %d into %s", ([status, code, retryable]) => {
    const error = dockerError(answered(status), "start it");

    expect(error).toMatchObject({ code, retryable });
    expect(error.message).toBe("could not start it: words of the engine");
    expect(httpStatusOf(error)).toBe(status);
  });

  it.for([
    ["ECONNREFUSED", "none"],
    ["ENOENT", "none"],
    ["EACCES", "none"],
    ["ECONNRESET", "unknown"],
    ["EPIPE", "unknown"],
  ] as const)("makes %s into an engine that is away, with effect %s", ([errno, effect]) => {
    expect(dockerError(failedCall(errno), "start it")).toMatchObject({
      code: "RUNTIME_UNAVAILABLE",
      retryable: true,
      effect,
      details: { errno },
    });
  });

  it("does not take what it cannot understand for an engine that is away", () => {
    const cause = new TypeError("it is not what it should be");

    expect(dockerError(cause, "read it")).toMatchObject({ code: "RUNTIME_ERROR", cause });
  });

  it("decides nothing by words", () => {
    const words = "port is already allocated: no space left on device, unauthorized, not found";

    expect(dockerError(answered(500, words), "start it").code).toBe("RUNTIME_ERROR");
  });

  it("shortens what the engine says", () => {
    expect(dockerError(answered(500, "x".repeat(10_000)), "start it").message.length).toBeLessThan(
      600,
    );
  });

  it("passes on an AgentError", () => {
    const error = new AgentError("PORT_CONFLICT", "taken");

    expect(dockerError(error, "start it")).toBe(error);
  });
});
