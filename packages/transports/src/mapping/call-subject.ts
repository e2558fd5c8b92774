import type { DescMessage, Message } from "@bufbuild/protobuf";
import {
  type ApplyWorkloadRequest,
  ApplyWorkloadRequestSchema,
  GetWorkloadStatusRequestSchema,
  WorkloadType,
} from "../gen/persys/agent/v1/agent_pb.ts";
import { isMessage } from "@bufbuild/protobuf";
import type { CallSubject } from "./error-status.ts";

/** What a request is about, for the answer to a failure. */
export function subjectOf(schema: DescMessage, request: Message): CallSubject {
  const ofStatus = schema === GetWorkloadStatusRequestSchema;
  const base = { schema, workloadId: idOf(request), ofStatus };
  return isMessage(request, ApplyWorkloadRequestSchema) ? { ...base, ...applied(request) } : base;
}

function applied({ spec, type }: ApplyWorkloadRequest): Partial<CallSubject> {
  const specCase = spec?.spec.case;
  // CUSTOM names no runtime: its spec does.
  const namesNone = type === WorkloadType.CUSTOM && specCase === "custom";
  return { specCase, typeGiven: type !== WorkloadType.UNSPECIFIED && !namesNone };
}

function idOf(request: Message): string {
  return "id" in request && typeof request.id === "string" ? request.id : "";
}
