import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import {
  AgentService,
  ApplyWorkloadRequestSchema,
  ListWorkloadsRequestSchema,
  StreamLogsRequestSchema,
} from "@persys/transports/gen";
import type { Noise } from "./noise.ts";

const apply = create(ApplyWorkloadRequestSchema, {
  id: "web",
  revisionId: "r1",
  spec: {
    spec: {
      case: "container",
      value: {
        image: "registry.example/web:1",
        env: { A: "1" },
        ports: [{ hostPort: 8080, containerPort: 80 }],
        resources: { memoryBytes: 5_000_000n },
        labels: { app: "web" },
      },
    },
  },
});
const logs = create(StreamLogsRequestSchema, { id: "web", tailLines: 10 });
const list = create(ListWorkloadsRequestSchema, { pageSize: 5, labels: { app: "web" } });

/** Requests that are right, as they are sent. */
const messages: readonly [Buffer, ...Buffer[]] = [
  Buffer.from(toBinary(ApplyWorkloadRequestSchema, apply)),
  Buffer.from(toBinary(StreamLogsRequestSchema, logs)),
  Buffer.from(toBinary(ListWorkloadsRequestSchema, list)),
  Buffer.from([0x0a, 3, ...Buffer.from("web")]),
  Buffer.alloc(0),
];
const texts: readonly [Buffer, ...Buffer[]] = [
  Buffer.from(toJsonString(ApplyWorkloadRequestSchema, apply)),
  Buffer.from(toJsonString(ListWorkloadsRequestSchema, list)),
  Buffer.from('{"id":"web"}'),
  Buffer.from("{}"),
];
const paths: readonly [string, ...string[]] = [
  "/",
  "/persys.agent.v1.AgentService/Nothing",
  "/grpc.health.v1.Health/Check",
  "/grpc.health.v1.Health/Watch",
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  ...AgentService.methods.map(({ name }) => `/persys.agent.v1.AgentService/${name}`),
];
const types = [
  "application/grpc",
  "application/grpc+proto",
  "application/grpc-web+proto",
  "application/json",
  "application/proto",
  "application/connect+json",
  "text/plain",
] as const;

/** Headers of requests, mostly right. */
function headersOf(noise: Noise, type: string): readonly (readonly [string, string])[] {
  const path = noise.one(paths);
  const odd = noise.once(8);
  const text = (right: string): string =>
    odd && noise.once(3) ? noise.mutate(Buffer.from(right)).toString("latin1") : right;
  return [
    [":method", odd ? noise.one(["GET", "OPTIONS", "PUT", "HEAD", "post"]) : "POST"],
    [":scheme", "http"],
    [":path", text(path)],
    [":authority", odd ? noise.one(["localhost", "evil.example", ""]) : "localhost"],
    ["content-type", text(type)],
    ["te", "trailers"],
    ["authorization", text("Bearer secret")],
    ...(odd
      ? ([
          ["grpc-timeout", noise.one(["1m", "999999999H", "-1S", "x", "0n"])],
          ["connect-timeout-ms", noise.one(["5", "1e9", "-1", "99999999999"])],
          ["grpc-encoding", noise.one(["gzip", "br", "identity", "nothing"])],
          ["origin", noise.one(["https://evil.example", "null"])],
        ] as const)
      : []),
  ];
}

/** A frame of HTTP/2 (RFC 9113, section 4.1). */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What a connection of HTTP/2 begins with. */
export const preface: Buffer = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(4, 0, 0, Buffer.alloc(0)),
]);

/** Headers as literals that are not remembered (RFC 7541, section 6.2.2). */
function headerBlock(headers: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(
    headers.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]),
  );
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const more = bytes.length - 127;
  const length = more < 128 ? [127, more] : [127, (more & 127) | 128, more >> 7];
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** An envelope of gRPC around a message, mostly right. */
function enveloped(noise: Noise, message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(noise.once(20) ? noise.below(256) : 0, 0);
  head.writeUInt32BE(noise.once(20) ? noise.below(2 ** 32) : message.length, 1);
  return Buffer.concat([head, message]);
}

/** A call over HTTP/2: its frames, of which mostly the message is wrong, and others among them. */
export function callFrames(noise: Noise, stream: number): readonly Buffer[] {
  const type = noise.once(3) ? noise.one(types) : "application/grpc";
  const message = type.endsWith("json") ? noise.one(texts) : noise.one(messages);
  const wrong = noise.once(4) ? message : noise.mutate(message);
  const isBare = type === "application/json" || type === "application/proto";
  const data = isBare ? wrong : enveloped(noise, wrong);
  const block = headerBlock(headersOf(noise, type));
  const whole = [frame(1, 4, stream, block), frame(0, noise.once(15) ? 0 : 1, stream, data)];
  if (noise.once(40)) whole.pop();
  for (let odd = noise.below(7); odd > 0; odd -= 1) whole.push(oddFrame(noise, stream));
  return whole;
}

/** A frame that servers bear: of another kind, on some stream. */
function oddFrame(noise: Noise, stream: number): Buffer {
  // Servers end the connection of who pings all the time.
  if (noise.once(50)) return frame(6, 0, 0, noise.bytes(8));
  switch (noise.below(8)) {
    case 0:
      return frame(3, 0, stream, Buffer.from([0, 0, 0, noise.below(14)]));
    case 1:
      return frame(8, 0, noise.once(2) ? 0 : stream, Buffer.from([0, 0, 1, noise.below(256)]));
    case 2:
    case 3:
      return frame(10 + noise.below(200), noise.below(256), stream, noise.bytes(noise.below(40)));
    default:
      return frame(2, 0, stream, Buffer.from([0, 0, 0, 0, noise.below(256)]));
  }
}

/** A frame that makes no sense, after which a server may end the connection. */
export function brokenFrame(noise: Noise, stream: number): Buffer {
  const good = Buffer.concat(callFrames(noise, stream));
  return noise.once(2) ? noise.mutate(good) : noise.bytes(9 + noise.below(60));
}

/** A request of HTTP/1.1, of which mostly the body is wrong. */
export function plainRequest(noise: Noise): Buffer {
  const type = noise.one(types);
  const text = type.endsWith("json") ? noise.one(texts) : noise.one(messages);
  const body = noise.once(4) ? text : noise.mutate(text);
  const headers = new Map(headersOf(noise, type));
  const line = `${headers.get(":method") ?? ""} ${headers.get(":path") ?? ""} HTTP/1.1\r\n`;
  const fields = [...headers].filter(([name]) => !name.startsWith(":"));
  const length = noise.once(30) ? noise.below(1_000) : body.length;
  const lines = [
    ...fields.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${length}`,
  ];
  const head = `${line}host: ${headers.get(":authority") ?? ""}\r\n${lines.join("\r\n")}\r\n\r\n`;
  const whole = Buffer.concat([Buffer.from(head, "latin1"), body]);
  return noise.once(25) ? noise.mutate(whole) : whole;
}
