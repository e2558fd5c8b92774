import type { ExplainedError } from "@persys/client";
import { describe, expect, it } from "vitest";
import { callFailure } from "../src/failure.ts";

const connection = { endpoint: "http://127.0.0.1:1", token: undefined, source: "--endpoint" };

function explained(init: Partial<ExplainedError>): ExplainedError {
  return {
    code: "internal",
    message: "it went wrong",
    reason: "",
    facts: {},
    violations: [],
    retryAfterMs: undefined,
    connection: undefined,
    ...init,
  };
}

describe("callFailure", () => {
  it.each([
    ["invalid_argument", 2],
    ["not_found", 3],
    ["deadline_exceeded", 6],
    ["unauthenticated", 7],
    ["permission_denied", 7],
    ["aborted", 1],
    ["failed_precondition", 1],
    ["resource_exhausted", 1],
    ["unavailable", 1],
    ["internal", 1],
    ["unknown", 1],
  ])("ends with the exit code of %s", (code, exitCode) => {
    expect(callFailure(explained({ code }), connection).exitCode).toBe(exitCode);
  });

  it("tells an agent that is down from an agent that says it cannot now", () => {
    const down = callFailure(
      explained({ code: "unavailable", connection: "ECONNREFUSED" }),
      connection,
    );

    expect(down.exitCode).toBe(6);
    expect(down.message).toBe("cannot reach the agent at http://127.0.0.1:1: connection refused");
    expect(down.hints).toContain("the address comes from --endpoint");
  });

  it("says when a development agent has ended", () => {
    const dev = {
      dir: "/x/.persys/dev",
      endpoint: connection.endpoint,
      token: "t",
      ca: undefined,
      pid: 2 ** 22 + 1,
    };
    const down = callFailure(explained({ connection: "ECONNREFUSED" }), { ...connection, dev });

    expect(down.hints[0]).toContain("/x/.persys/dev is what an agent left that has ended");
  });

  it("says what to do about a missing token and about a wrong one", () => {
    const refused = explained({ code: "unauthenticated" });

    expect(callFailure(refused, connection).hints[0]).toContain("no token was sent");
    expect(callFailure(refused, { ...connection, token: "t" }).hints[0]).toContain(
      "not one of this agent's",
    );
  });

  it("says what to do about a certificate that the agent does not know", () => {
    const certificate = { file: "me.pem", cert: "", key: "" };
    const secure = { ...connection, endpoint: "https://a:1", certificate };
    const refused = callFailure(explained({ code: "unauthenticated" }), secure);

    expect(refused.hints).toEqual(["the certificate shown was that in me.pem"]);
  });

  it.each([
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", 6, "no authority that is trusted here"],
    ["CERT_HAS_EXPIRED", 6, "its certificate has expired"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", 6, "for other names"],
    ["ERR_SSL_PACKET_LENGTH_TOO_LONG", 6, "does not speak TLS"],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", 7, "the client certificate has expired"],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED", 7, "has been revoked"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", 7, "of no authority that it trusts"],
    ["ECONNREFUSED", 6, "connection refused"],
    ["ERR_SSL_SOMETHING_ELSE", 6, "ERR_SSL_SOMETHING_ELSE"],
  ])("explains %s between it and an agent with TLS", (failed, exitCode, words) => {
    const secure = { ...connection, endpoint: "https://a:1" };
    const failure = callFailure(explained({ code: "unavailable", connection: failed }), secure);

    expect(failure.exitCode).toBe(exitCode);
    expect(failure.message).toContain(words);
  });

  it.each([
    ["ECONNRESET", "the connection was cut off"],
    ["HPE_INVALID_CONSTANT", "it does not speak plain HTTP there"],
  ])("takes %s for TLS at an address without it, or for an end", (failed, words) => {
    const failure = callFailure(explained({ connection: failed }), connection);

    expect(failure.message).toContain(words);
    expect(failure.hints[0]).toBe("if it speaks TLS, name it as https://127.0.0.1:1");
  });

  it("names every violation", () => {
    const violations = [
      { field: "id", description: "is required" },
      { field: "", description: "is too large" },
    ];

    expect(
      callFailure(explained({ code: "invalid_argument", violations }), connection).problems,
    ).toEqual(["id: is required", "is too large"]);
  });

  it("names a single violation that the message holds only once", () => {
    const violations = [{ field: "id", description: "is required" }];
    const message = "invalid request: id: is required";

    expect(
      callFailure(explained({ code: "invalid_argument", message, violations }), connection),
    ).toMatchObject({ message, problems: [] });
  });

  it("suspects something else at the address when an answer names no reason", () => {
    const foreign = callFailure(explained({ code: "unknown", message: "" }), connection);
    const own = callFailure(
      explained({ code: "unimplemented", reason: "UNSUPPORTED" }),
      connection,
    );

    expect(foreign.hints[0]).toContain("something else than this agent's API may answer");
    expect(own.hints).toEqual([]);
  });

  it("says when to try again, where the agent does", () => {
    expect(
      callFailure(explained({ code: "unavailable", retryAfterMs: 5000 }), connection).hints,
    ).toEqual(["try again in 5s"]);
  });
});
