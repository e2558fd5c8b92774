import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { WorkloadStatusSchema } from "@persys/transports/gen";
import { describe, expect, it } from "vitest";
import { statusToProto } from "../../src/mapping/status-to-proto.ts";
import { statusOf } from "../fake-agent.ts";

const jsonOf = (...changes: Parameters<typeof statusOf>): JsonObject =>
  toJson(WorkloadStatusSchema, statusToProto(statusOf(...changes))) as JsonObject;

describe("a status", () => {
  it("has every member, times in seconds", () => {
    const failure = {
      reason: "EXITED",
      message: "exit 1",
      retryable: true,
      atMs: 1_700_000_004_999,
      nextRetryAtMs: 1_700_000_005_001,
      attempts: 2,
    } as const;

    expect(jsonOf("web", { actual: "failed", health: "unhealthy", failure })).toEqual({
      id: "web",
      type: "WORKLOAD_TYPE_PROCESS",
      runtime: "process",
      uid: "uid-web",
      revisionId: "r1",
      observedRevisionId: "r0",
      desiredState: "DESIRED_STATE_RUNNING",
      actualState: "ACTUAL_STATE_FAILED",
      message: "starting",
      failure: {
        reason: "FAILURE_REASON_EXITED",
        message: "exit 1",
        retryable: true,
        failedAt: "1700000004",
        nextRetryAt: "1700000006",
        attempts: 2,
      },
      generation: "3",
      observedEpoch: "2",
      observedSequence: "7",
      health: "WORKLOAD_HEALTH_UNHEALTHY",
      restarts: 4,
      labels: { app: "web" },
      metadata: { "process.pid": "42" },
      createdAt: "1700000000",
      updatedAt: "1700000001",
      lastTransitionAt: "1700000002",
      observedAt: "1700000003",
    });
  });

  it("has the last measurement, in whole bytes", () => {
    const usage = {
      cpuPercent: 12.5,
      memoryBytes: 4_096.4,
      diskReadBytes: 1,
      diskWriteBytes: 2,
      netRxBytes: 3,
      netTxBytes: 4,
      collectedAtMs: 1_700_000_009_999,
      source: "cgroup",
    };

    expect(jsonOf("web", { usage })["usage"]).toEqual({
      workloadId: "web",
      type: "WORKLOAD_TYPE_PROCESS",
      cpuPercent: 12.5,
      memoryBytes: "4096",
      diskReadBytes: "1",
      diskWriteBytes: "2",
      netRxBytes: "3",
      netTxBytes: "4",
      collectedAt: "1700000009",
      source: "cgroup",
    });
  });

  it("has what each part of the workload uses, where it has several", () => {
    const figures = {
      cpuPercent: 1,
      memoryBytes: 10.4,
      diskReadBytes: 1,
      diskWriteBytes: 2,
      netRxBytes: 3,
      netTxBytes: 4,
    };
    const more = { collectedAtMs: 1_000, source: "docker" };
    const parts = [{ name: "db", ...figures }];

    expect(jsonOf("shop", { usage: { ...figures, ...more, parts } })["usage"]).toMatchObject({
      services: [
        {
          name: "db",
          cpuPercent: 1,
          memoryBytes: "10",
          diskReadBytes: "1",
          diskWriteBytes: "2",
          netRxBytes: "3",
          netTxBytes: "4",
        },
      ],
    });
  });

  it("of a custom runtime has its name", () => {
    expect(jsonOf("l", { type: "lamp" })).toMatchObject({
      type: "WORKLOAD_TYPE_CUSTOM",
      runtime: "lamp",
    });
  });

  it("has no failure where there is none, and 0 for a moment that never was", () => {
    const status = statusToProto(statusOf("web", { observedAtMs: 0 }));

    expect(status.failure).toBeUndefined();
    expect(status.observedAt).toBe(0n);
  });
});
