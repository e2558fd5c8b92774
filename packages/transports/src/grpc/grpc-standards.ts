import { type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { type handleServerStreamingCall, type Server, status } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import { AgentService } from "../gen/persys/agent/v1/agent_pb.ts";
import { reflectedFiles } from "../schema/reflected-files.ts";

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

/** Whether a method belongs to server reflection: who asks there may go on asking. */
export function isOfReflection(path: string): boolean {
  return path.startsWith("/grpc.reflection.");
}

/** Adds `grpc.health.v1` and reflection (v1 and v1alpha) to a server. */
export function addGrpcStandards(server: Server): GrpcStandards {
  const health = new HealthImplementation({ "": "SERVING", [AgentService.typeName]: "SERVING" });
  health.addToServer(withoutStrangers(server));
  // Only the files of it are read.
  const definition: ReflectedPackage[string] = {
    format: "Protocol Buffer 3 DescriptorProto",
    type: {},
    fileDescriptorProtos: reflectedFiles.map(fileBytes),
  };
  new ReflectionService({ agent: definition }).addToServer(server);
  return {
    stopServing: () => {
      for (const name of ["", AgentService.typeName]) health.setStatus(name, "NOT_SERVING");
    },
  };
}

/** Watches of health at once, from whomever. */
const watchesMax = 1_000;

/**
 * A server whose watches of health are bounded. The library remembers every name that was ever watched for; who asks for one that is none of
 * ours is told so, and is not remembered.
 */
function withoutStrangers(server: Server): Parameters<HealthImplementation["addToServer"]>[0] {
  let watches = 0;
  return {
    addService: (definition, implementation) => {
      const { watch } = implementation;
      const bounded: handleServerStreamingCall<HealthRequest, HealthAnswer> = (call) => {
        if (watches >= watchesMax) {
          const details = `there are ${watchesMax} watches already`;
          call.emit("error", { code: status.RESOURCE_EXHAUSTED, details });
          return;
        }
        watches += 1;
        call.once("cancelled", () => (watches -= 1));
        const { service } = call.request;
        if (service !== "" && service !== AgentService.typeName) {
          call.write({ status: "SERVICE_UNKNOWN" });
        } else if (typeof watch === "function") {
          Reflect.apply(watch, implementation, [call]);
        }
      };
      server.addService(definition, { ...implementation, watch: bounded });
    },
  };
}

interface HealthRequest {
  readonly service: string;
}

interface HealthAnswer {
  readonly status: string;
}

function fileBytes(file: DescFile): Buffer {
  return Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto));
}
