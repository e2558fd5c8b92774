import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "../../src/gen/grpc/reflection/v1/reflection_pb.ts";
import { headersOf } from "./protocol-clients.ts";
import { serve, type Serving } from "./serving.ts";

type Question = NonNullable<
  MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"]
>;

let serving: Serving;

beforeAll(async () => {
  serving = await serve();
});

afterAll(() => serving.transport.stop(0));

/** Asks all questions over one stream. */
async function ask(
  ...questions: readonly Question[]
): Promise<readonly ServerReflectionResponse["messageResponse"][]> {
  const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${serving.port}` });
  const requests = (async function* all() {
    for (const messageRequest of questions)
      yield create(ServerReflectionRequestSchema, { messageRequest });
  })();
  const client = createClient(ServerReflection, transport);
  const answers = [];
  for await (const { messageResponse } of client.serverReflectionInfo(requests, {
    headers: headersOf({}),
  }))
    answers.push(messageResponse);
  return answers;
}

describe("server reflection of the Connect port", () => {
  it("lists the services", async () => {
    const [answer] = await ask({ case: "listServices", value: "" });

    expect(answer).toMatchObject({
      value: {
        service: [
          { name: "persys.agent.v1.AgentService" },
          { name: "grpc.health.v1.Health" },
          { name: "grpc.reflection.v1.ServerReflection" },
          { name: "grpc.reflection.v1alpha.ServerReflection" },
        ],
      },
    });
  });

  it.each<Question>([
    { case: "fileByFilename", value: "persys/agent/v1/agent.proto" },
    { case: "fileContainingSymbol", value: "persys.agent.v1.AgentService" },
    { case: "fileContainingSymbol", value: "persys.agent.v1.AgentService.ApplyWorkload" },
    { case: "fileContainingSymbol", value: "persys.agent.v1.ContainerSpec.image" },
    { case: "fileContainingSymbol", value: "persys.agent.v1.WorkloadType.WORKLOAD_TYPE_VM" },
  ])("shows a file with all it needs, the file first: $value", async (question) => {
    const [answer] = await ask(question);

    if (answer?.case !== "fileDescriptorResponse") throw new Error(`it is ${answer?.case}`);
    const files = answer.value.fileDescriptorProto.map(
      (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
    );
    expect(files[0]).toBe("persys/agent/v1/agent.proto");
    expect(files).toContain("google/protobuf/struct.proto");
  });

  it("knows what the details of errors are made of", async () => {
    const [answer] = await ask({ case: "fileContainingSymbol", value: "google.rpc.ErrorInfo" });

    expect(answer?.case).toBe("fileDescriptorResponse");
  });

  it("says what it does not have, and goes on", async () => {
    const answers = await ask(
      { case: "fileByFilename", value: "other.proto" },
      { case: "fileContainingSymbol", value: "persys.agent.v1.Nothing" },
      { case: "fileContainingSymbol", value: "persys.agent.v1.ContainerSpec.nothing" },
      { case: "fileContainingExtension", value: { containingType: "x", extensionNumber: 1 } },
      { case: "allExtensionNumbersOfType", value: "x" },
      { case: "allExtensionNumbersOfType", value: "persys.agent.v1.ContainerSpec" },
    );

    const codes = answers.map((one) =>
      one.case === "errorResponse" ? one.value.errorCode : one.case,
    );
    expect(codes).toEqual([
      ...Array.from({ length: 5 }, () => Code.NotFound),
      "allExtensionNumbersResponse",
    ]);
  });
});
