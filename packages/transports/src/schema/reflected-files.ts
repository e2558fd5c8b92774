import type { DescFile } from "@bufbuild/protobuf";
import { file_google_rpc_error_details } from "../gen/google/rpc/error_details_pb.ts";
import { file_grpc_health_v1_health } from "../gen/grpc/health/v1/health_pb.ts";
import { file_grpc_reflection_v1_reflection } from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { file_grpc_reflection_v1alpha_reflection } from "../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { file_persys_agent_v1_agent } from "../gen/persys/agent/v1/agent_pb.ts";
import { withDependencies } from "./with-dependencies.ts";

const named: readonly DescFile[] = [
  file_persys_agent_v1_agent,
  file_grpc_health_v1_health,
  file_grpc_reflection_v1_reflection,
  file_grpc_reflection_v1alpha_reflection,
  // The contract names it nowhere; it is what the details of errors are made of.
  file_google_rpc_error_details,
];

/** All that server reflection tells of: the services there are, what their errors carry, and what these are made with. */
export const reflectedFiles: readonly DescFile[] = [
  ...new Set(named.flatMap((file) => [...withDependencies(file)])),
];
