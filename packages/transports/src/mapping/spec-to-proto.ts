import {
  create,
  type DescMessage,
  fromJson,
  type JsonObject,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { Json } from "@persys/core";
import {
  ComposeSpecSchema,
  ContainerSpecSchema,
  ProcessSpecSchema,
  VMSpecSchema,
  type WorkloadSpec,
  WorkloadSpecSchema,
} from "../gen/persys/agent/v1/agent_pb.ts";

/**
 * A stored spec in the form of the contract. One that does not fit the message of its type, such as one written by a later version, comes as
 * a custom spec under the name of its runtime: nothing of it is lost.
 */
export function specToProto(runtime: string, spec: Json): WorkloadSpec {
  return create(WorkloadSpecSchema, {
    spec: knownSpec(runtime, spec) ?? customSpec(runtime, spec),
  });
}

type SpecCase = WorkloadSpec["spec"];

function knownSpec(runtime: string, spec: Json): SpecCase | undefined {
  switch (runtime) {
    case "process":
      return fitted(ProcessSpecSchema, spec, (value) => ({ case: "process", value }));
    case "container":
      return fitted(ContainerSpecSchema, spec, (value) => ({ case: "container", value }));
    case "compose":
      return fitted(ComposeSpecSchema, spec, (value) => ({ case: "compose", value }));
    case "vm":
      return fitted(VMSpecSchema, spec, (value) => ({ case: "vm", value }));
    default:
      return undefined;
  }
}

function fitted<S extends DescMessage>(
  schema: S,
  spec: Json,
  make: (value: MessageShape<S>) => SpecCase,
): SpecCase | undefined {
  try {
    return make(fromJson(schema, plain(spec)));
  } catch {
    // It does not fit: the caller has another form for it.
    return undefined;
  }
}

function customSpec(runtime: string, spec: Json): SpecCase {
  const { spec: custom } = fromJson(WorkloadSpecSchema, { custom: { runtime, spec: plain(spec) } });
  return custom;
}

/** The spec without members that count as absent. */
function plain(spec: Json): JsonObject {
  const value: unknown = JSON.parse(JSON.stringify(spec));
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return (isObject ? value : { value }) as JsonObject;
}
