import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  RetryInfoSchema,
} from "../src/contract.ts";
import { explainError, isCallError, isNotFound, isTransient } from "../src/index.ts";

function failure(
  code: Code,
  ...details: ConstructorParameters<typeof ConnectError>[3] & object
): ConnectError {
  return new ConnectError("it went wrong", code, undefined, details);
}

describe("explainError", () => {
  it("names the code, the reason and every violation", () => {
    const error = failure(
      Code.InvalidArgument,
      {
        desc: BadRequestSchema,
        value: create(BadRequestSchema, {
          fieldViolations: [
            { field: "id", description: "is required" },
            { field: "spec", description: "is required" },
          ],
        }),
      },
      {
        desc: ErrorInfoSchema,
        value: create(ErrorInfoSchema, {
          reason: "INVALID_REQUEST",
          domain: "persys.dev",
          metadata: { limit: "3" },
        }),
      },
    );

    expect(explainError(error)).toEqual({
      code: "invalid_argument",
      message: "it went wrong",
      reason: "INVALID_REQUEST",
      facts: { limit: "3" },
      violations: [
        { field: "id", description: "is required" },
        { field: "spec", description: "is required" },
      ],
      retryAfterMs: undefined,
      connection: undefined,
    });
  });

  it("counts the denials of a policy among the violations", () => {
    const value = create(PreconditionFailureSchema, {
      violations: [{ subject: "spec.process.user", description: "root is denied" }],
    });

    expect(
      explainError(failure(Code.FailedPrecondition, { desc: PreconditionFailureSchema, value }))
        .violations,
    ).toEqual([{ field: "spec.process.user", description: "root is denied" }]);
  });

  it("reads how long to wait", () => {
    const value = create(RetryInfoSchema, { retryDelay: { seconds: 2n, nanos: 500_000_001 } });

    expect(
      explainError(failure(Code.Unavailable, { desc: RetryInfoSchema, value })).retryAfterMs,
    ).toBe(2501);
  });

  it("finds the system's reason along the causes", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });

    expect(
      explainError(new ConnectError("x", Code.Unavailable, undefined, undefined, refused))
        .connection,
    ).toBe("ECONNREFUSED");
    expect(explainError(new TypeError("fetch failed", { cause: refused })).connection).toBe(
      "ECONNREFUSED",
    );
  });

  it("knows a fetch that failed in a browser, which says no more", () => {
    const error = new ConnectError(
      "x",
      Code.Unknown,
      undefined,
      undefined,
      new TypeError("Failed to fetch"),
    );

    expect(explainError(error).connection).toBe("FETCH_FAILED");
  });

  it("ends on causes that go round in a ring", () => {
    const ring = new Error("one");
    ring.cause = ring;

    expect(explainError(ring)).toMatchObject({ code: "unknown", connection: undefined });
  });

  it("takes anything at all", () => {
    expect(explainError("text")).toMatchObject({ code: "unknown", message: "text" });
    expect(explainError(undefined).code).toBe("unknown");
  });

  it.each(
    Object.entries(Code).filter((entry): entry is [string, Code] => typeof entry[1] === "number"),
  )("spells %s as the protocol does", (name, code) => {
    // "[not_found] it went wrong" is how Connect itself spells it.
    expect(failure(code).message, name).toContain(`[${explainError(failure(code)).code}]`);
  });
});

describe("isNotFound, isTransient and isCallError", () => {
  it("tell errors apart by code", () => {
    expect(isNotFound(failure(Code.NotFound))).toBe(true);
    expect(isNotFound(failure(Code.Unavailable))).toBe(false);
    expect(isTransient(failure(Code.Unavailable))).toBe(true);
    expect(isTransient(failure(Code.PermissionDenied))).toBe(false);
    expect(isCallError(failure(Code.NotFound))).toBe(true);
    expect(isCallError(new Error("x"))).toBe(false);
  });

  it("take a connection that was cut off for transient, whatever its code", () => {
    const cut = Object.assign(new Error("aborted"), { code: "ECONNRESET" });

    expect(isTransient(new ConnectError("x", Code.Aborted, undefined, undefined, cut))).toBe(true);
    expect(isTransient(failure(Code.Aborted))).toBe(false);
  });
});
