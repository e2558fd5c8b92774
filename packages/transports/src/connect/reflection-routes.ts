import { createRegistry, type DescFile, type Registry, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
} from "../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  ServerReflection as ServerReflectionAlpha,
  type ServerReflectionRequest as ServerReflectionRequestAlpha,
} from "../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { AgentService } from "../gen/persys/agent/v1/agent_pb.ts";
import { reflectedFiles } from "../schema/reflected-files.ts";
import { withDependencies } from "../schema/with-dependencies.ts";

type Asked = (ServerReflectionRequest | ServerReflectionRequestAlpha)["messageRequest"];
/** An answer of either version. */
type Answer =
  | {
      readonly case: "listServicesResponse";
      readonly value: { service: { readonly name: string }[] };
    }
  | {
      readonly case: "fileDescriptorResponse";
      readonly value: { fileDescriptorProto: Uint8Array<ArrayBuffer>[] };
    }
  | {
      readonly case: "allExtensionNumbersResponse";
      readonly value: { readonly baseTypeName: string };
    }
  | {
      readonly case: "errorResponse";
      readonly value: { readonly errorCode: Code; readonly errorMessage: string };
    };

const services = [AgentService, Health, ServerReflection, ServerReflectionAlpha] as const;

/** Puts server reflection (v1 and v1alpha, which differ in their names alone) on a router. */
export function routeReflection(router: ConnectRouter): void {
  const registry = createRegistry(...reflectedFiles);
  async function* answer(
    requests: AsyncIterable<{ readonly host: string; readonly messageRequest: Asked }>,
  ): AsyncGenerator<{ validHost: string; messageResponse: Answer }> {
    for await (const { host, messageRequest } of requests) {
      yield { validHost: host, messageResponse: answerTo(messageRequest, registry) };
    }
  }
  router.service(ServerReflection, { serverReflectionInfo: answer });
  router.service(ServerReflectionAlpha, { serverReflectionInfo: answer });
}

function answerTo(asked: Asked, registry: Registry): Answer {
  switch (asked.case) {
    case "listServices":
      return {
        case: "listServicesResponse",
        value: { service: services.map(({ typeName }) => ({ name: typeName })) },
      };
    case "fileByFilename":
      return fileAnswer(
        reflectedFiles.find(({ proto }) => proto.name === asked.value),
        asked.value,
      );
    case "fileContainingSymbol":
      return fileAnswer(fileOfSymbol(asked.value, registry), asked.value);
    case "fileContainingExtension":
      // None of our messages can be extended.
      return fileAnswer(undefined, `extension ${asked.value.extensionNumber}`);
    case "allExtensionNumbersOfType":
      return registry.getMessage(asked.value) === undefined
        ? fileAnswer(undefined, asked.value)
        : { case: "allExtensionNumbersResponse", value: { baseTypeName: asked.value } };
    case undefined:
      return errorAnswer(Code.InvalidArgument, "nothing is asked");
  }
}

function fileAnswer(file: DescFile | undefined, name: string): Answer {
  if (file === undefined) return errorAnswer(Code.NotFound, `not found: ${name}`);
  const bytes = [...withDependencies(file)].map(({ proto }) =>
    toBinary(FileDescriptorProtoSchema, proto),
  );
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: bytes } };
}

function errorAnswer(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}

/** The file of a type or service, or of the type or service that has a member of this name. */
function fileOfSymbol(symbol: string, registry: Registry): DescFile | undefined {
  const whole = registry.get(symbol);
  if (whole !== undefined) return whole.file;
  const dot = symbol.lastIndexOf(".");
  const owner = registry.get(symbol.slice(0, Math.max(0, dot)));
  if (owner === undefined) return undefined;
  return memberNames(owner).includes(symbol.slice(dot + 1)) ? owner.file : undefined;
}

function memberNames(owner: NonNullable<ReturnType<Registry["get"]>>): readonly string[] {
  switch (owner.kind) {
    case "service":
      return owner.methods.map(({ name }) => name);
    case "message":
      return [...owner.fields, ...owner.oneofs].map(({ name }) => name);
    case "enum":
      return owner.values.map(({ name }) => name);
    case "extension":
      return [];
  }
}
