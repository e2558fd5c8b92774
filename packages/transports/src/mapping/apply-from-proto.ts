import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type ApplyRequest, type JsonObject, unreachable, type Violation } from "@persys/core";
import {
  type ApplyWorkloadRequest,
  ComposeSpecSchema,
  ContainerSpecSchema,
  type CustomSpec,
  DesiredState,
  ProcessSpecSchema,
  VMSpecSchema,
  type WorkloadSpec,
  WorkloadSpecSchema,
  WorkloadType,
  WorkloadTypeSchema,
} from "../gen/persys/agent/v1/agent_pb.ts";
import { enumRule } from "../schema/rule-for.ts";
import { runtimeOfType } from "./enums.ts";
import { plainSpec } from "./spec-from-proto.ts";

/** A request as far as it can be read, and every rule that it breaks on the way. */
export interface ReadApply {
  readonly request: ApplyRequest;
  /** With paths as the core writes them: from the root of its request, those of the spec behind `spec`. */
  readonly violations: readonly Violation[];
}

/** An apply of the contract in the form of the core. */
export function applyFromProto(message: ApplyWorkloadRequest): ReadApply {
  const violations: Violation[] = [];
  const read = readSpec(message.spec, violations);
  const runtime = message.spec === undefined ? runtimeOfType.get(message.type) : read.runtime;
  checkType(message, violations);
  const request: ApplyRequest = {
    id: message.id,
    type: runtime,
    revisionId: message.revisionId,
    desired: desiredFrom(message.desiredState, violations),
    spec: read.spec,
    ...(message.validateOnly ? { validateOnly: true } : {}),
    ...expectedGeneration(message.expectedGeneration, violations),
  };
  return { request, violations };
}

interface ReadSpec {
  readonly runtime: string | undefined;
  readonly spec: JsonObject | undefined;
}

function readSpec(message: WorkloadSpec | undefined, violations: Violation[]): ReadSpec {
  if (message === undefined) return { runtime: undefined, spec: undefined };
  const { spec } = message;
  const known = (schema: DescMessage, value: Message): ReadSpec => {
    const own: Violation[] = [];
    const plain = plainSpec(schema, value, own);
    violations.push(...own.map((one) => ({ ...one, path: ["spec", ...one.path] })));
    return { runtime: spec.case, spec: plain };
  };
  switch (spec.case) {
    case "process":
      return known(ProcessSpecSchema, spec.value);
    case "container":
      return known(ContainerSpecSchema, spec.value);
    case "compose":
      return known(ComposeSpecSchema, spec.value);
    case "vm":
      return known(VMSpecSchema, spec.value);
    case "custom":
      return readCustom(spec.value, violations);
    case undefined: {
      const kinds = WorkloadSpecSchema.fields.map((field) => field.name).join(", ");
      violations.push({ path: ["spec"], rule: `must hold exactly one of ${kinds}` });
      return { runtime: undefined, spec: undefined };
    }
    default:
      return unreachable(spec);
  }
}

function readCustom(custom: CustomSpec, violations: Violation[]): ReadSpec {
  if (custom.runtime === "") {
    violations.push({
      path: ["type"],
      rule: "is required: the name of a registered runtime",
    });
  }
  return { runtime: custom.runtime, spec: custom.spec ?? {} };
}

function checkType({ type, spec }: ApplyWorkloadRequest, violations: Violation[]): void {
  if (type === WorkloadType.UNSPECIFIED) return;
  const name = WorkloadTypeSchema.value[type]?.name;
  const kind = type === WorkloadType.CUSTOM ? "custom" : runtimeOfType.get(type);
  if (name === undefined || kind === undefined) {
    violations.push({ path: ["type"], rule: enumRule(WorkloadTypeSchema), seen: String(type) });
  } else if (spec?.spec.case !== undefined && spec.spec.case !== kind) {
    const rule = `must agree with the spec, which is of kind ${spec.spec.case}; leave it out to take it from there`;
    violations.push({ path: ["type"], rule, seen: name });
  }
}

function desiredFrom(state: DesiredState, violations: Violation[]): "running" | "stopped" {
  switch (state) {
    case DesiredState.UNSPECIFIED:
    case DesiredState.RUNNING:
      return "running";
    case DesiredState.STOPPED:
      return "stopped";
    default: {
      const rule = "must be DESIRED_STATE_RUNNING or DESIRED_STATE_STOPPED; DeleteWorkload deletes";
      violations.push({ path: ["desiredState"], rule, seen: String(state) });
      return "running";
    }
  }
}

function expectedGeneration(
  given: bigint | undefined,
  violations: Violation[],
): { readonly expectedGeneration?: number } {
  if (given === undefined) return {};
  const expected = Number(given);
  if (!Number.isSafeInteger(expected) || expected < 0) {
    violations.push({
      path: ["expectedGeneration"],
      rule: "must be a generation, or 0 for a new id",
      seen: String(given),
    });
  }
  return { expectedGeneration: expected };
}
