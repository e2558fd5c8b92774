import { type DescMessage, fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { Violation } from "@persys/core";
import type { Principal } from "../access/principal.ts";
import { ApplyWorkloadRequestSchema } from "../gen/persys/agent/v1/agent_pb.ts";
import { type FieldViolation, RpcError } from "../mapping/rpc-status.ts";
import { fieldViolations } from "../mapping/violations.ts";
import type { AgentHandlers } from "./agent-handlers.ts";
import type { CallContext } from "./call-context.ts";

/** A request in JSON of which it is known that something is wrong. */
export interface BadRequest {
  readonly json: unknown;
  readonly violations: readonly Violation[];
  /** Who sent it. */
  readonly principal: Principal;
}

/**
 * All that is wrong with a request in JSON that is no message of `schema` because of `violations`: those, and what the agent has to say of the
 * rest, so that one answer names everything. Nothing is stored. `json` is used up.
 * @throws {RpcError} PERMISSION_DENIED when `principal` may not apply what it asks for.
 */
export async function allViolations(
  handlers: AgentHandlers,
  schema: DescMessage,
  { json, violations, principal }: BadRequest,
): Promise<readonly FieldViolation[]> {
  const formal = fieldViolations(schema, violations);
  if (schema !== ApplyWorkloadRequestSchema) return formal;
  const known = formal.map((one) => one.field);
  const further = await violationsOfRest(handlers, without(json, violations), principal);
  return [...formal, ...further.filter(({ field }) => !known.some((one) => touches(one, field)))];
}

async function violationsOfRest(
  handlers: AgentHandlers,
  json: JsonValue,
  principal: Principal,
): Promise<readonly FieldViolation[]> {
  try {
    const request = fromJson(ApplyWorkloadRequestSchema, json, { ignoreUnknownFields: true });
    await handlers.applyWorkload({ ...request, validateOnly: true }, checkBy(principal));
    return [];
  } catch (error) {
    if (!(error instanceof RpcError)) return [];
    if (error.status.code === Code.PermissionDenied) throw error;
    // Otherwise only violations are wanted: the request is refused either way.
    return error.status.fieldViolations ?? [];
  }
}

/** A call by `principal` that asks for nothing but a check. */
function checkBy(principal: Principal): CallContext {
  const { signal } = new AbortController();
  const { identity } = principal;
  return {
    caller: { identity },
    principal,
    signal,
    stopping: signal,
    remainingMs: () => undefined,
  };
}

/** Whether one path is the other or lies within it: what was left out of the rest is then missed there. */
function touches(one: string, other: string): boolean {
  const within = (path: string, outer: string): boolean =>
    path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
  return within(one, other) || within(other, one);
}

/** `json`, from which the members that break rules are taken away; of a list with a bad item nothing is left. */
function without(json: unknown, violations: readonly Violation[]): JsonValue {
  if (typeof json !== "object" || json === null) return {};
  for (const { path } of violations) remove(json as JsonObject, path);
  return json as JsonObject;
}

function remove(root: JsonObject, path: readonly (string | number)[]): void {
  const firstIndex = path.findIndex((segment) => typeof segment === "number");
  const keys = (firstIndex === -1 ? path : path.slice(0, firstIndex)).map(String);
  const last = keys.pop();
  let at: JsonValue | undefined = root;
  for (const key of keys) at = isObject(at) ? at[key] : undefined;
  if (isObject(at) && last !== undefined) delete at[last];
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
