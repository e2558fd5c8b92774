import { create } from "@bufbuild/protobuf";
import {
  AgentError,
  type AgentApi,
  type ApplyRequest,
  type Caller,
  type Violation,
} from "@persys/core";
import {
  type ApplyWorkloadRequest,
  type ApplyWorkloadResponse,
  ApplyWorkloadResponseSchema,
} from "../gen/persys/agent/v1/agent_pb.ts";
import { applyFromProto, type ReadApply } from "../mapping/apply-from-proto.ts";
import { statusToProto } from "../mapping/status-to-proto.ts";
import type { CallContext } from "./call-context.ts";
import { isSettled, waitUntilSettled } from "./wait-until-settled.ts";

/** A waiting apply answers this long before its caller's deadline, so that the answer still arrives. */
const ANSWER_BEFORE_DEADLINE_MS = 500;

/** What an apply needs besides its request. */
export interface ApplyMeans {
  readonly api: AgentApi;
  /** Longest wait, in milliseconds. */
  readonly waitMaxMs: number;
}

/** Applies, and waits where the request asks for it. */
export async function applyWorkload(
  { api, waitMaxMs }: ApplyMeans,
  message: ApplyWorkloadRequest,
  call: CallContext,
): Promise<ApplyWorkloadResponse> {
  const { request, violations } = applyFromProto(message);
  if (violations.length > 0) return refuse(api, { request, violations }, call.caller);
  const result = await api.apply(request, call.caller);
  const waits = message.wait && !message.validateOnly;
  const status = waits
    ? await waitUntilSettled(api, result.status, waitSignal(call, waitMaxMs))
    : result.status;
  const pending = waits && !isSettled(status) ? "; it has not settled within the wait" : "";
  return create(ApplyWorkloadResponseSchema, {
    applied: result.applied,
    skipped: result.skipped,
    message: `${result.message}${pending}`,
    status: statusToProto(status),
  });
}

/**
 * Throws what is wrong with a request: what was found in reading it together with all that the agent finds in what could be read. Where both
 * speak of one place, the first word stands.
 */
async function refuse(
  api: AgentApi,
  { request, violations }: ReadApply,
  caller: Caller,
): Promise<never> {
  const found = await violationsOf(api, request, caller);
  const known = new Set(violations.map((one) => placeOf(one)));
  throw new AgentError("INVALID_REQUEST", "invalid request", {
    fault: "user",
    effect: "none",
    violations: [...violations, ...found.filter((one) => !known.has(placeOf(one)))],
  });
}

async function violationsOf(
  api: AgentApi,
  request: ApplyRequest,
  caller: Caller,
): Promise<readonly Violation[]> {
  try {
    await api.apply({ ...request, validateOnly: true }, caller);
    return [];
  } catch (error) {
    // Only violations are wanted here: the request is refused either way.
    if (!AgentError.is(error)) return [];
    if (error.code !== "INVALID_SPEC") return error.violations;
    return error.violations.map((one) => ({ ...one, path: ["spec", ...one.path] }));
  }
}

function placeOf({ path }: Violation): string {
  return JSON.stringify(path);
}

function waitSignal(call: CallContext, waitMaxMs: number): AbortSignal {
  const remainingMs = call.remainingMs();
  const waitMs =
    remainingMs === undefined
      ? waitMaxMs
      : Math.min(waitMaxMs, Math.max(remainingMs - ANSWER_BEFORE_DEADLINE_MS, remainingMs / 2));
  return AbortSignal.any([
    call.signal,
    call.stopping,
    AbortSignal.timeout(Math.max(0, Math.floor(waitMs))),
  ]);
}
