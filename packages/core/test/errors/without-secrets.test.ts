import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { AgentError } from "../../src/errors/agent-error.ts";
import { SecretTexts } from "../../src/errors/secret-texts.ts";
import { errorWithoutSecrets } from "../../src/errors/without-secrets.ts";

describe("an error without secrets", () => {
  const secrets = new SecretTexts(["hunter2-hunter2"]);

  it("is the same error when it says none", () => {
    const error = new AgentError("RUNTIME_ERROR", "it failed", { cause: new Error("why") });

    expect(errorWithoutSecrets(error, secrets)).toBe(error);
    expect(errorWithoutSecrets(error, new SecretTexts([]))).toBe(error);
  });

  it("keeps all else: code, fault, effect, details, violations, denials, time to wait and causes", () => {
    const cause = Object.assign(new TypeError("got hunter2-hunter2"), {
      body: { env: ["A=hunter2-hunter2"] },
      cause: "hunter2-hunter2",
    });
    const denial = { rule: "r", field: "f", seen: "hunter2-hunter2", message: "no" };
    const error = new AgentError("INVALID_SPEC", "bad hunter2-hunter2", {
      fault: "user",
      retryable: true,
      effect: "none",
      retryAfterMs: 5,
      details: { seen: "hunter2-hunter2", status: 400 },
      violations: [{ path: ["env"], rule: "is wrong", seen: "hunter2-hunter2" }],
      denials: [denial],
      cause,
    });

    const cleaned = errorWithoutSecrets(error, secrets);

    expect(cleaned).toMatchObject({
      code: "INVALID_SPEC",
      message: "bad <redacted>",
      fault: "user",
      retryable: true,
      effect: "none",
      retryAfterMs: 5,
      details: { seen: "<redacted>", status: 400 },
      violations: [{ path: ["env"], rule: "is wrong", seen: "<redacted>" }],
      denials: [{ ...denial, seen: "<redacted>" }],
      cause: { name: "TypeError", message: "got <redacted>", cause: "<redacted>" },
    });
    expect(inspect(cleaned, { depth: 20 })).not.toContain("hunter2");
  });

  it("is found however deep the secret is, and in causes that go round", () => {
    const ring = new Error("outer");
    ring.cause = new Error("inner", { cause: ring });
    const error = new AgentError("RUNTIME_ERROR", "it failed", {
      cause: Object.assign(ring, { answer: { deep: [{ env: "x=hunter2-hunter2" }] } }),
    });

    expect(inspect(errorWithoutSecrets(error, secrets), { depth: 20 })).not.toContain("hunter2");
  });
});
