import { create } from "@bufbuild/protobuf";
import type {
  StatusFailure,
  UsageFigures,
  UsageSnapshot,
  WorkloadStatus as CoreStatus,
} from "@persys/core";
import {
  type WorkloadFailure,
  WorkloadFailureSchema,
  type WorkloadStatus,
  WorkloadStatusSchema,
  type WorkloadUsageSnapshot,
  WorkloadUsageSnapshotSchema,
} from "../gen/persys/agent/v1/agent_pb.ts";
import {
  actualStateValues,
  desiredStates,
  failureReasons,
  healthValues,
  typeOfRuntime,
} from "./enums.ts";
import { toSeconds, toSecondsUp } from "./time.ts";

/** A status in the form of the contract. */
export function statusToProto(status: CoreStatus): WorkloadStatus {
  const [epoch, sequence] = status.observedSequence;
  return create(WorkloadStatusSchema, {
    id: status.id,
    type: typeOfRuntime(status.type),
    runtime: status.type,
    uid: status.uid,
    revisionId: status.revisionId,
    observedRevisionId: status.observedRevisionId,
    desiredState: desiredStates[status.desired],
    actualState: actualStateValues[status.actual],
    message: status.message,
    ...(status.failure === undefined ? {} : { failure: failureToProto(status.failure) }),
    generation: BigInt(status.generation),
    observedEpoch: BigInt(epoch),
    observedSequence: BigInt(sequence),
    health: healthValues[status.health],
    restarts: status.restarts,
    labels: { ...status.labels },
    metadata: { ...status.metadata },
    createdAt: toSeconds(status.createdAtMs),
    updatedAt: toSeconds(status.updatedAtMs),
    lastTransitionAt: toSeconds(status.transitionAtMs),
    observedAt: toSeconds(status.observedAtMs),
    ...(status.usage === undefined ? {} : { usage: usageToProto(status, status.usage) }),
  });
}

function usageToProto({ id, type }: CoreStatus, usage: UsageSnapshot): WorkloadUsageSnapshot {
  return create(WorkloadUsageSnapshotSchema, {
    workloadId: id,
    type: typeOfRuntime(type),
    ...figuresToProto(usage),
    collectedAt: toSeconds(usage.collectedAtMs),
    source: usage.source,
    services: (usage.parts ?? []).map((part) => ({ name: part.name, ...figuresToProto(part) })),
  });
}

function figuresToProto(
  figures: UsageFigures,
): Pick<
  WorkloadUsageSnapshot,
  "cpuPercent" | "memoryBytes" | "diskReadBytes" | "diskWriteBytes" | "netRxBytes" | "netTxBytes"
> {
  return {
    cpuPercent: figures.cpuPercent,
    memoryBytes: BigInt(Math.round(figures.memoryBytes)),
    diskReadBytes: BigInt(Math.round(figures.diskReadBytes)),
    diskWriteBytes: BigInt(Math.round(figures.diskWriteBytes)),
    netRxBytes: BigInt(Math.round(figures.netRxBytes)),
    netTxBytes: BigInt(Math.round(figures.netTxBytes)),
  };
}

function failureToProto(failure: StatusFailure): WorkloadFailure {
  return create(WorkloadFailureSchema, {
    reason: failureReasons[failure.reason],
    message: failure.message,
    retryable: failure.retryable,
    nextRetryAt: toSecondsUp(failure.nextRetryAtMs ?? 0),
    attempts: failure.attempts,
    failedAt: toSeconds(failure.atMs),
  });
}
