import { type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import { AgentService } from "../gen/persys/agent/v1/agent_pb.ts";

/** The services that every server of gRPC is expected to have. */
export interface GrpcStandards {
  /** Tells those who ask that the agent takes no more calls. */
  stopServing(): void;
}

type ReflectedPackage = ConstructorParameters<typeof ReflectionService>[0];

/** Whether a method belongs to `grpc.health.v1.Health`: what checks whether a server lives has no credentials. */
export function isOfHealth(path: string): boolean {
  return path.startsWith("/grpc.health.v1.Health/");
}

/** Adds `grpc.health.v1` and reflection (v1 and v1alpha) to a server. */
export function addGrpcStandards(server: Server): GrpcStandards {
  const health = new HealthImplementation({ "": "SERVING", [AgentService.typeName]: "SERVING" });
  health.addToServer(server);
  const files = Array.from(withDependencies(AgentService.file), fileBytes);
  // Only the files of it are read.
  const definition: ReflectedPackage[string] = {
    format: "Protocol Buffer 3 DescriptorProto",
    type: {},
    fileDescriptorProtos: files,
  };
  new ReflectionService({ agent: definition }).addToServer(server);
  return {
    stopServing: () => {
      for (const name of ["", AgentService.typeName]) health.setStatus(name, "NOT_SERVING");
    },
  };
}

function fileBytes(file: DescFile): Buffer {
  return Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto));
}

function withDependencies(file: DescFile, found = new Set<DescFile>()): ReadonlySet<DescFile> {
  if (found.has(file)) return found;
  found.add(file);
  for (const needed of file.dependencies) withDependencies(needed, found);
  return found;
}
