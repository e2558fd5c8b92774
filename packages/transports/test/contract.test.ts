import {
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  ScalarType,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { AgentService, file_persys_agent_v1_agent } from "@persys/transports/gen";
import { describe, expect, it } from "vitest";

/** The contract that clients and schedulers out there already speak: `name=number type`. Nothing of it may ever change. */
const baseMessages: Readonly<Record<string, string>> = {
  ApplyWorkloadRequest:
    "id=1 string; type=2 WorkloadType; revision_id=3 string; desired_state=4 DesiredState; spec=5 WorkloadSpec",
  ApplyWorkloadResponse:
    "applied=1 bool; skipped=2 bool; message=3 string; status=4 WorkloadStatus",
  DeleteWorkloadRequest: "id=1 string",
  DeleteWorkloadResponse: "success=1 bool; message=2 string",
  GetWorkloadStatusRequest: "id=1 string",
  GetWorkloadStatusResponse: "status=1 WorkloadStatus",
  ListWorkloadsRequest: "type=1 WorkloadType",
  ListWorkloadsResponse: "workloads=1 repeated WorkloadStatus",
  HealthCheckRequest: "",
  HealthCheckResponse:
    "healthy=1 bool; version=2 string; runtime_status=3 map<string,string>; memory_utilization=4 double; cpu_utilization=5 double; disk_utilization=6 double",
  ListActionsRequest:
    "workload_id=1 string; action_type=2 string; status=3 string; limit=4 int32; newest_first=5 bool",
  AgentAction:
    "task_id=1 string; workload_id=2 string; action_type=3 string; status=4 string; error=5 string; created_at=6 int64; started_at=7 int64; ended_at=8 int64",
  ListActionsResponse: "actions=1 repeated AgentAction",
  WorkloadSpec: "container=1 ContainerSpec; compose=2 ComposeSpec; vm=3 VMSpec",
  ContainerSpec:
    "image=1 string; command=2 repeated string; args=3 repeated string; env=4 map<string,string>; volumes=5 repeated VolumeMount; ports=6 repeated PortMapping; resources=7 ResourceLimits; restart_policy=8 RestartPolicy; labels=9 map<string,string>; managed_volumes=10 repeated ManagedVolumeSpec",
  ComposeSpec: "project_name=1 string; compose_yaml=2 string; env=3 map<string,string>",
  VMSpec:
    "name=1 string; vcpus=2 int32; memory_mb=3 int64; disks=4 repeated DiskConfig; networks=5 repeated NetworkConfig; cloud_init=6 string; metadata=7 map<string,string>; cloud_init_config=8 CloudInitConfig; managed_volumes=9 repeated ManagedVolumeSpec",
  CloudInitConfig:
    "user_data=1 string; meta_data=2 string; network_config=3 string; vendor_data=4 string",
  ManagedVolumeSpec:
    "name=1 string; driver=2 string; size_gb=3 int64; access_mode=4 string; fs_type=5 string; mount_path=6 string; read_only=7 bool; retain_policy=8 string",
  VolumeMount: "host_path=1 string; container_path=2 string; read_only=3 bool",
  PortMapping: "host_port=1 int32; container_port=2 int32; protocol=3 string",
  ResourceLimits: "cpu_shares=1 int64; memory_bytes=2 int64; memory_swap_bytes=3 int64",
  RestartPolicy: "policy=1 string; max_retry_count=2 int32",
  DiskConfig:
    "path=1 string; device=2 string; format=3 string; size_gb=4 int64; type=5 string; boot=6 bool",
  NetworkConfig: "network=1 string; mac_address=2 string; ip_address=3 string",
  WorkloadStatus:
    "id=1 string; type=2 WorkloadType; revision_id=3 string; desired_state=4 DesiredState; actual_state=5 ActualState; message=6 string; created_at=7 int64; updated_at=8 int64; metadata=9 map<string,string>; usage=10 WorkloadUsageSnapshot",
  WorkloadUsageSnapshot:
    "workload_id=1 string; type=2 WorkloadType; cpu_percent=3 double; memory_bytes=4 int64; disk_read_bytes=5 int64; disk_write_bytes=6 int64; net_rx_bytes=7 int64; net_tx_bytes=8 int64; collected_at=9 int64; source=10 string",
};

const baseEnums: Readonly<Record<string, string>> = {
  WorkloadType:
    "WORKLOAD_TYPE_UNSPECIFIED=0; WORKLOAD_TYPE_CONTAINER=1; WORKLOAD_TYPE_COMPOSE=2; WORKLOAD_TYPE_VM=3",
  DesiredState: "DESIRED_STATE_UNSPECIFIED=0; DESIRED_STATE_RUNNING=1; DESIRED_STATE_STOPPED=2",
  ActualState:
    "ACTUAL_STATE_UNSPECIFIED=0; ACTUAL_STATE_PENDING=1; ACTUAL_STATE_RUNNING=2; ACTUAL_STATE_STOPPED=3; ACTUAL_STATE_FAILED=4; ACTUAL_STATE_UNKNOWN=5",
};

/** What the contract had before; every number from 100 up is an addition. */
const FIRST_ADDED = 100;

const file: DescFile = file_persys_agent_v1_agent;

function textOf(field: DescField): string {
  const scalar = field.scalar === undefined ? undefined : ScalarType[field.scalar];
  const value = field.message?.name ?? field.enum?.name ?? scalar?.toLowerCase();
  if (field.fieldKind === "list") return `${field.name}=${field.number} repeated ${value}`;
  if (field.fieldKind === "map") return `${field.name}=${field.number} map<string,${value}>`;
  return `${field.name}=${field.number} ${value}`;
}

function baseOf(message: DescMessage | undefined): string {
  const fields = message?.fields.filter((field) => field.number < FIRST_ADDED) ?? [];
  return fields
    .toSorted((left, right) => left.number - right.number)
    .map(textOf)
    .join("; ");
}

function baseValuesOf(desc: DescEnum | undefined): string {
  const values = desc?.values.filter((value) => value.number < FIRST_ADDED) ?? [];
  return values.map((value) => `${value.name}=${value.number}`).join("; ");
}

describe("the contract", () => {
  it("is that of persys.agent.v1", () => {
    expect(AgentService.typeName).toBe("persys.agent.v1.AgentService");
  });

  it.each(Object.entries(baseMessages))("%s has the fields it always had", (name, fields) => {
    const message = file.messages.find((one) => one.name === name);

    expect(message).toBeDefined();
    expect(baseOf(message)).toBe(fields);
  });

  it.each(Object.entries(baseEnums))("%s has the values it always had", (name, values) => {
    expect(baseValuesOf(file.enums.find((one) => one.name === name))).toBe(values);
  });

  it("numbers everything it adds from 100 up", () => {
    const added = file.messages.filter((message) => !(message.name in baseMessages));
    const addedEnums = file.enums.filter((one) => !(one.name in baseEnums));

    expect(added.filter((message) => baseOf(message) !== "").map((one) => one.name)).toEqual([]);
    for (const one of addedEnums) expect(baseValuesOf(one)).toMatch(/^[A-Z_]+_UNSPECIFIED=0$/);
  });

  it("marks exactly the methods that change nothing as such", () => {
    const writes = AgentService.methods
      .filter((method) => method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS)
      .map((method) => method.name);

    expect(writes).toEqual(["ApplyWorkload", "DeleteWorkload", "RetryWorkload"]);
  });
});
