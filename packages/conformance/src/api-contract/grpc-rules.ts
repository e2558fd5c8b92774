import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { demand, same } from "./judge.ts";
import { type RawAnswer, sendRaw } from "./raw-request.ts";

/** What holds for gRPC and gRPC-Web below their messages. Not judged over Connect. */
export const grpcRules: readonly ApiRule[] = [
  {
    id: "grpc-status-of-success",
    clause: "API-150",
    level: "MUST",
    title: "a call of gRPC that succeeds is HTTP 200 with one message and the status 0 at its end",
    check: ofGrpc(async (stage) => {
      const answer = await call(stage, "HealthCheck", new Uint8Array());
      same(answer.status, 200, "HTTP says 200");
      const type = answer.headers.get("content-type") ?? "";
      demand(type.startsWith(contentType(stage).replace("+proto", "")), "of its type", type);
      same(statusOf(stage, answer), 0, "the status is OK");
      demand(messages(answer.body).length === 1, "there is one message", answer.body.length);
    }),
  },
  {
    id: "grpc-status-of-failure",
    clause: "API-151",
    level: "MUST",
    title: "a call of gRPC that fails is HTTP 200 with its status, a printable message and details",
    check: ofGrpc(async (stage) => {
      const id = Buffer.from(stage.id("nobody"));
      const request = Buffer.concat([Buffer.from([0x0a, id.length]), id]);

      const answer = await call(stage, "GetWorkloadStatus", request);

      same([answer.status, statusOf(stage, answer)], [200, 5], "NOT_FOUND");
      const message = trailer(stage, answer, "grpc-message") ?? "";
      demand(/^[ -~]+$/.test(message), "the message is printable ASCII", message);
      demand(decodeURIComponent(message).includes("not found"), "and says it", message);
      demand((trailer(stage, answer, "grpc-status-details-bin") ?? "") !== "", "it has details");
    }),
  },
  {
    id: "grpc-messages-are-encoded",
    clause: "API-152",
    level: "MUST",
    title: "whatever a request says, the message of its error is printable ASCII",
    check: ofGrpc(async (stage) => {
      const odd = Buffer.from("ä\n%€");
      const request = Buffer.concat([Buffer.from([0x0a, odd.length]), odd]);
      const answer = await call(stage, "DeleteWorkload", request);
      same(statusOf(stage, answer), 3, "INVALID_ARGUMENT");
      const message = trailer(stage, answer, "grpc-message") ?? "";
      demand(/^[ -~]+$/.test(message), "it is percent-encoded", message);
    }),
  },
  {
    id: "grpc-has-no-such-method",
    clause: "API-153",
    level: "MUST",
    title: "a method that does not exist is UNIMPLEMENTED, or HTTP 404",
    check: ofGrpc(async (stage) => {
      const answer = await call(stage, "NoSuchMethod", new Uint8Array());
      const isRefused = answer.status === 404 || statusOf(stage, answer) === 12;
      demand(isRefused, "it is not there", { status: answer.status });
    }),
  },
  {
    id: "grpc-deadline-of-the-server",
    clause: "API-154",
    level: "MUST",
    title: "the server itself ends a call at the deadline that grpc-timeout names",
    check: ofGrpc(async (stage) => {
      const answer = await call(stage, "WatchWorkloads", new Uint8Array(), {
        "grpc-timeout": "700m",
      });
      const status = statusOf(stage, answer);
      if (status === 12) return stage.unjudged("the server does not have WatchWorkloads");
      same(status, 4, "DEADLINE_EXCEEDED");
      demand(messages(answer.body).length >= 1, "what there was has been told");
    }),
  },
  {
    id: "grpc-nonsense-is-refused",
    clause: "API-155",
    level: "MUST",
    title: "bytes that are no message fail the call, and the server lives on",
    check: ofGrpc(async (stage) => {
      for (const bytes of [[0xff, 0xff, 0xff], [0x0a, 0x7f, 0x41], [0x0b]]) {
        const answer = await call(stage, "GetWorkloadStatus", Uint8Array.from(bytes));
        demand(statusOf(stage, answer) !== 0, "it fails", { bytes });
      }
      await stage.client.healthCheck({});
    }),
  },
];

/** A check that is made over gRPC and gRPC-Web alone. */
function ofGrpc(check: (stage: ApiStage) => Promise<void>): ApiRule["check"] {
  return async (stage) => {
    if (stage.subject.protocol === "connect") return stage.unjudged("it is about gRPC");
    await check(stage);
  };
}

function contentType({ subject }: ApiStage): string {
  return subject.protocol === "grpc" ? "application/grpc+proto" : "application/grpc-web+proto";
}

function call(
  stage: ApiStage,
  method: string,
  message: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  return sendRaw(stage.subject, {
    method,
    headers: { "content-type": contentType(stage), te: "trailers", ...headers },
    body: Buffer.concat([frame, message]),
  });
}

interface Frame {
  readonly flags: number;
  readonly data: Buffer;
}

function frames(body: Buffer): readonly Frame[] {
  const all: Frame[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    all.push({ flags: body[at] ?? 0, data: body.subarray(at + 5, end) });
    at = end;
  }
  return all;
}

/** The frames that carry messages. In gRPC-Web the last frame, with the highest bit set, carries the trailers. */
function messages(body: Buffer): readonly Frame[] {
  return frames(body).filter(({ flags }) => (flags & 0x80) === 0);
}

/** A trailer, which in an answer without messages may have come with the headers. */
function trailer({ subject }: ApiStage, answer: RawAnswer, name: string): string | undefined {
  if (subject.protocol === "grpc") return answer.headers.get(name);
  const last = frames(answer.body).findLast(({ flags }) => (flags & 0x80) !== 0);
  const lines = (last?.data.toString("latin1") ?? "").split("\r\n");
  const line = lines.find((one) => one.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim() ?? answer.headers.get(name);
}

function statusOf(stage: ApiStage, answer: RawAnswer): number {
  const text = trailer(stage, answer, "grpc-status");
  demand(text !== undefined, "there is a grpc-status", { headers: [...answer.headers] });
  return Number(text);
}
