import type { DescMessage } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { AgentError, ErrorCode, Violation } from "@persys/core";
import {
  ErrorInfoSchema,
  PreconditionFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.ts";
import { fieldSegments } from "../schema/field-segments.ts";
import { rpcCodes } from "./error-codes.ts";
import type { RpcDetail, RpcStatus } from "./rpc-status.ts";
import { fieldPath } from "../schema/field-path.ts";
import { fieldViolations, invalidArgument, listed, withinRoom } from "./violations.ts";

/** The domain of the reasons in google.rpc.ErrorInfo. */
const errorDomain = "persys.dev";

/** How long to wait before the next try where nothing better is known, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** What a failed call was about. */
export interface CallSubject {
  /** The message of the request. */
  readonly schema: DescMessage;
  /** The workload it names; empty when none. */
  readonly workloadId: string;
  /** The member of the request's spec that is set. */
  readonly specCase?: string | undefined;
  /** Whether the request names a runtime besides the spec. */
  readonly typeGiven?: boolean;
  /** Whether a status was asked for: clients of the existing contract look for those words. */
  readonly ofStatus?: boolean;
}

/**
 * A failure of the agent as clients are told of it. Of an unexpected one they learn only that it is logged under `incident`.
 */
export function errorStatus(error: AgentError, subject: CallSubject, incident: string): RpcStatus {
  if (error.code === "INTERNAL") {
    const message = `internal error; the agent's log has it as ${incident}`;
    return { code: Code.Internal, message, details: [errorInfo("INTERNAL", { incident })] };
  }
  const base = baseStatus(error, subject);
  const facts = Object.entries(error.details).map(([key, value]) => [key, String(value)] as const);
  return {
    ...base,
    details: [
      ...base.details,
      errorInfo(error.code, Object.fromEntries(facts)),
      ...retryInfo(error, base.code),
    ],
  };
}

function baseStatus(error: AgentError, subject: CallSubject): RpcStatus {
  const code = rpcCodes[error.code];
  const { message } = error;
  switch (code) {
    case Code.InvalidArgument: {
      const what = error.code === "INVALID_SPEC" ? "spec" : "request";
      const violations = rooted(error, subject);
      if (violations.length === 0) return { code, message, details: [] };
      return invalidArgument(what, fieldViolations(subject.schema, violations));
    }
    case Code.NotFound:
      return {
        code,
        message: notFoundMessage(message, subject),
        details: [resourceInfo(message, subject)],
      };
    case Code.FailedPrecondition:
      return error.denials.length === 0
        ? { code, message, details: [preconditionFailure(error, subject)] }
        : policyDenial(error.denials, subject);
    default:
      return { code, message, details: [] };
  }
}

/** All that the node's policy denies: rule by rule, each with its place in the request. */
function policyDenial(
  denials: AgentError["denials"],
  subject: CallSubject,
): Pick<RpcStatus, "code" | "message" | "details"> {
  const places = denials.map(({ rule, field, seen, message }) => ({
    rule,
    field: fieldPath(subject.schema, pathInSpec(fieldSegments(field), subject)),
    description: `denied by the node's policy: ${message} (got ${seen})`,
  }));
  const { kept, left } = withinRoom(places);
  const violations = kept.map(({ rule, field, description }) => ({
    type: rule,
    subject: field,
    description,
  }));
  const rest = { type: "POLICY_DENIED", subject: "", description: `and ${left} more` };
  const value = { violations: left === 0 ? violations : [...violations, rest] };
  return {
    code: Code.FailedPrecondition,
    message: listed(places.map(({ field, description }) => `${field}: ${description}`)),
    details: [{ desc: PreconditionFailureSchema, value }],
  };
}

/** Violations with paths from the root of the request. */
function rooted(error: AgentError, subject: CallSubject): readonly Violation[] {
  const root = error.code === "INVALID_SPEC" ? pathInSpec : pathInRequest;
  return error.violations.map((one) => ({ ...one, path: root(one.path, subject) }));
}

type Path = Violation["path"];

function pathInSpec(path: Path, { specCase }: CallSubject): Path {
  if (specCase === undefined) return ["spec", ...path];
  return specCase === "custom" ? ["spec", "custom", "spec", ...path] : ["spec", specCase, ...path];
}

/** The core knows one spec, whatever its kind: a place in it is named behind `spec`. */
function pathInRequest(path: Path, subject: CallSubject): Path {
  const { specCase, typeGiven } = subject;
  const [first, ...rest] = path;
  if (first === "spec") return pathInSpec(rest, subject);
  // Without a type in the request it was the spec that named the runtime.
  if (first === "type" && specCase !== undefined && typeGiven !== true)
    return specCase === "custom" ? ["spec", "custom", "runtime"] : ["spec", specCase];
  const name = renamed.get(first);
  return name === undefined ? path : [name, ...rest];
}

/** Members of requests that the contract names otherwise. */
const renamed: ReadonlyMap<unknown, string> = new Map([
  ["desired", "desired_state"],
  ["sinceMs", "since"],
]);

function notFoundMessage(message: string, { ofStatus }: CallSubject): string {
  const words = "workload not found";
  const told = message.includes(words) ? message : `${words}: ${message}`;
  return ofStatus === true ? `status not found: ${told}` : told;
}

function resourceInfo(description: string, { workloadId }: CallSubject): RpcDetail {
  return {
    desc: ResourceInfoSchema,
    value: { resourceType: "workload", resourceName: workloadId, description },
  };
}

function preconditionFailure(error: AgentError, { workloadId }: CallSubject): RpcDetail {
  const subject = `workload/${workloadId}`;
  const violation = { type: error.code, subject, description: error.message };
  return { desc: PreconditionFailureSchema, value: { violations: [violation] } };
}

/** Why a transport refuses or ends a call by itself. */
export type TransportReason =
  | "NO_ROLE"
  | "OUT_OF_SCOPE"
  | "ROLE_CHANGED"
  | "ROLE_TOO_LOW"
  | "SIZE_LIMIT"
  | "STOPPING"
  | "TOO_MANY_CALLS"
  | "UNAUTHENTICATED";

/** The agent's own code and flat facts, for machines. */
export function errorInfo(
  reason: ErrorCode | TransportReason,
  metadata: Readonly<Record<string, string>> = {},
): RpcDetail {
  return {
    desc: ErrorInfoSchema,
    value: { reason, domain: errorDomain, metadata: { ...metadata } },
  };
}

function retryInfo(error: AgentError, code: Code): readonly RpcDetail[] {
  const told = error.retryAfterMs ?? (code === Code.Unavailable ? RETRY_AFTER_MS : undefined);
  if (told === undefined) return [];
  return [retryAfter(told)];
}

/** How long to wait before the next try, rounded up to a millisecond. */
export function retryAfter(waitMs: number): RpcDetail {
  return { desc: RetryInfoSchema, value: { retryDelay: durationFromMs(Math.ceil(waitMs)) } };
}
