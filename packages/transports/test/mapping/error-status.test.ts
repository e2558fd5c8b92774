import { create, type DescMessage, isMessage, toJson } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { AgentError, type ErrorCode, errorCodes } from "@persys/core";
import { ApplyWorkloadRequestSchema, StreamLogsRequestSchema } from "@persys/transports/gen";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "@persys/transports/gen/error-details";
import { describe, expect, it } from "vitest";
import { type CallSubject, errorStatus } from "../../src/mapping/error-status.ts";
import type { RpcStatus } from "../../src/mapping/rpc-status.ts";

const subject: CallSubject = {
  schema: ApplyWorkloadRequestSchema,
  workloadId: "web",
  specCase: "process",
};

function statusOf(error: AgentError, changes: Partial<CallSubject> = {}): RpcStatus {
  return errorStatus(error, { ...subject, ...changes }, "incident-1");
}

/** The detail of a kind as JSON. */
function detail(status: RpcStatus, schema: DescMessage): unknown {
  const found = status.details.find((one) => one.desc === schema);
  if (found === undefined) return undefined;
  const message = isMessage(found.value) ? found.value : create(found.desc, found.value);
  return toJson(schema, message);
}

function fieldsOf(error: AgentError, changes: Partial<CallSubject> = {}): readonly string[] {
  return (statusOf(error, changes).fieldViolations ?? []).map((one) => one.field);
}

describe("every error", () => {
  it.each(errorCodes.map((code) => [code] as const))("%s says its own code to machines", (code) => {
    const status = statusOf(new AgentError(code, "m", { details: { limit: 5, id: "x" } }));

    expect(detail(status, ErrorInfoSchema)).toEqual({
      reason: code,
      domain: "persys.dev",
      metadata: code === "INTERNAL" ? { incident: "incident-1" } : { limit: "5", id: "x" },
    });
  });

  it.each<[ErrorCode]>([["RUNTIME_UNAVAILABLE"], ["STORE_UNAVAILABLE"], ["TIMEOUT"]])(
    "%s says when to try again",
    (code) => {
      expect(detail(statusOf(new AgentError(code, "m")), RetryInfoSchema)).toEqual({
        retryDelay: "1s",
      });
      const told = new AgentError(code, "m", { retryAfterMs: 2_500 });
      expect(detail(statusOf(told), RetryInfoSchema)).toEqual({ retryDelay: "2.500s" });
    },
  );

  it("that will not pass says nothing of trying again", () => {
    expect(detail(statusOf(new AgentError("NOT_FOUND", "m")), RetryInfoSchema)).toBeUndefined();
  });

  it("that is unexpected says nothing of itself", () => {
    const error = AgentError.from(new Error("the password is hunter2"));

    const status = statusOf(error);

    expect(status.code).toBe(Code.Internal);
    expect(JSON.stringify(status.message)).not.toContain("hunter2");
    expect(status.message).toContain("incident-1");
  });
});

describe("violations", () => {
  const violations = [{ path: ["resources", "memoryBytes"], rule: "must be more", seen: "5" }];

  it("of a spec are named from the root of the request", () => {
    const status = statusOf(new AgentError("INVALID_SPEC", "m", { violations }));

    expect(detail(status, BadRequestSchema)).toEqual({
      fieldViolations: [
        { field: "spec.process.resources.memory_bytes", description: "must be more (got 5)" },
      ],
    });
    expect(status.message).toBe(
      "invalid spec: spec.process.resources.memory_bytes: must be more (got 5)",
    );
  });

  it("of keys in maps keep the keys as they are", () => {
    const error = new AgentError("INVALID_SPEC", "m", {
      violations: [
        { path: ["env", "camelCase"], rule: "r" },
        { path: ["labels", "a.b"], rule: "r" },
        { path: ["command", 2], rule: "r" },
        { path: ["bogusKey"], rule: "r" },
        { path: [], rule: "r" },
      ],
    });

    expect(fieldsOf(error)).toEqual([
      "spec.process.env.camelCase",
      'spec.process.labels["a.b"]',
      "spec.process.command[2]",
      "spec.process.bogusKey",
      "spec.process",
    ]);
  });

  it("of a custom spec are named as its runtime names them", () => {
    const error = new AgentError("INVALID_SPEC", "m", {
      violations: [{ path: ["colourTable", 0, "redPart"], rule: "r" }],
    });

    expect(fieldsOf(error, { specCase: "custom" })).toEqual([
      "spec.custom.spec.colourTable[0].redPart",
    ]);
  });

  it("of a request are named by the contract", () => {
    const error = new AgentError("INVALID_REQUEST", "m", {
      violations: [
        { path: ["id"], rule: "r" },
        { path: ["revisionId"], rule: "r" },
        { path: ["desired"], rule: "r" },
        { path: ["type"], rule: "r" },
        { path: ["spec", "resources", "memoryBytes"], rule: "r" },
      ],
    });

    expect(fieldsOf(error)).toEqual([
      "id",
      "revision_id",
      "desired_state",
      "spec.process",
      "spec.process.resources.memory_bytes",
    ]);
    expect(fieldsOf(error, { typeGiven: true })).toContain("type");
    expect(fieldsOf(error, { specCase: "custom" })).toContain("spec.custom.runtime");
    expect(fieldsOf(error, { specCase: "custom", typeGiven: true })).toContain("type");
    const logs = { schema: StreamLogsRequestSchema, specCase: undefined };
    const ofLogs = new AgentError("INVALID_REQUEST", "m", {
      violations: [
        { path: ["tailLines"], rule: "r" },
        { path: ["sinceMs"], rule: "r" },
      ],
    });
    expect(fieldsOf(ofLogs, logs)).toEqual(["tail_lines", "since"]);
  });

  it("that are too many for a header are counted", () => {
    const many = Array.from({ length: 3_000 }, (_, index) => ({
      path: [`key${index}`],
      rule: "is unknown",
    }));

    const status = statusOf(new AgentError("INVALID_SPEC", "m", { violations: many }));

    const bytes = JSON.stringify(detail(status, BadRequestSchema));
    expect(bytes.length).toBeLessThan(40_000);
    expect(bytes).toMatch(/and \d{4} more/);
    expect(status.message.length).toBeLessThan(2_200);
    expect(status.message).toMatch(/; and \d{4} more$/);
  });
});

describe("what is not found", () => {
  it("is named, in the words that clients look for", () => {
    const status = statusOf(new AgentError("NOT_FOUND", "workload not found: web"));

    expect(status.message).toBe("workload not found: web");
    expect(detail(status, ResourceInfoSchema)).toMatchObject({
      resourceType: "workload",
      resourceName: "web",
    });
    expect(statusOf(new AgentError("NOT_FOUND", "no web"), { ofStatus: true }).message).toBe(
      "status not found: workload not found: no web",
    );
  });
});

describe("a precondition that failed", () => {
  it("is told denial by denial where the node's policy denies a spec, with places in the request", () => {
    const error = new AgentError("POLICY_DENIED", "the node's policy denies it", {
      denials: [
        {
          rule: "host-path",
          field: "volumes[0].hostPath",
          seen: "/data",
          message: "allow it in PERSYS_ALLOWED_HOST_PATHS",
          setting: "PERSYS_ALLOWED_HOST_PATHS",
        },
        { rule: "privileged", field: "privileged", seen: "true", message: "leave it out" },
      ],
      details: { rules: "host-path,privileged", settings: "PERSYS_ALLOWED_HOST_PATHS" },
    });

    const status = statusOf(error, { specCase: "container" });

    expect(status.code).toBe(Code.FailedPrecondition);
    expect(detail(status, PreconditionFailureSchema)).toEqual({
      violations: [
        {
          type: "host-path",
          subject: "spec.container.volumes[0].host_path",
          description:
            "denied by the node's policy: allow it in PERSYS_ALLOWED_HOST_PATHS (got /data)",
        },
        {
          type: "privileged",
          subject: "spec.container.privileged",
          description: "denied by the node's policy: leave it out (got true)",
        },
      ],
    });
    expect(detail(status, ErrorInfoSchema)).toMatchObject({
      reason: "POLICY_DENIED",
      metadata: { rules: "host-path,privileged", settings: "PERSYS_ALLOWED_HOST_PATHS" },
    });
    expect(status.message).toContain("spec.container.volumes[0].host_path: denied");
    expect(status.message).toContain("; spec.container.privileged: denied");
  });

  it("has room for as many denials as an answer can carry, and counts the others", () => {
    const denials = Array.from({ length: 2_000 }, (_, at) => ({
      rule: "host-path",
      field: `volumes[${at}].hostPath`,
      seen: "/x",
      message: "not this one",
    }));

    const status = statusOf(new AgentError("POLICY_DENIED", "all of it", { denials }), {
      specCase: "container",
    });

    const { violations } = detail(status, PreconditionFailureSchema) as {
      violations: { description: string }[];
    };
    expect(violations.length).toBeLessThan(300);
    expect(violations.at(-1)?.description).toMatch(/^and \d+ more$/);
    expect(status.message.length).toBeLessThan(3_000);
  });

  it.each<[ErrorCode]>([["TYPE_MISMATCH"], ["POLICY_DENIED"]])("is named: %s", (code) => {
    expect(
      detail(statusOf(new AgentError(code, "delete first")), PreconditionFailureSchema),
    ).toEqual({
      violations: [{ type: code, subject: "workload/web", description: "delete first" }],
    });
  });
});
