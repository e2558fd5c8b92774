import { once } from "node:events";
import * as http2 from "node:http2";
import { connect, createServer, type Socket } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { silentLogger } from "@persys/core";
import { createAgentHandlers, createGrpcTransport, type Peer } from "@persys/transports";
import { WhoAmIRequestSchema } from "@persys/transports/gen";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeAgent } from "../fake-agent.ts";

const seen: Peer[] = [];
let transport: ReturnType<typeof createGrpcTransport>;
let port: number;

beforeEach(async () => {
  seen.length = 0;
  transport = createGrpcTransport({
    handlers: createAgentHandlers({ api: new FakeAgent(), logger: silentLogger }),
    host: "0.0.0.0",
    port: 0,
    authenticate: ({ peer }) => {
      seen.push(peer);
      return { kind: "known", principal: { identity: "x", role: "viewer" } };
    },
  });
  ({ port } = await transport.start());
});

afterEach(() => transport.stop(0));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Calls WhoAmI over a connection. */
async function call(socket: Socket): Promise<void> {
  const session = http2.connect("http://agent", { createConnection: () => socket });
  const stream = session.request({
    ":method": "POST",
    ":path": "/persys.agent.v1.AgentService/WhoAmI",
    "content-type": "application/grpc",
    te: "trailers",
  });
  const message = toBinary(WhoAmIRequestSchema, create(WhoAmIRequestSchema, {}));
  stream.end(Buffer.concat([Buffer.alloc(5), message]));
  stream.resume();
  await once(stream, "end");
}

describe("the gRPC port", () => {
  it("knows two connections apart that come from one client port to two of its addresses", async () => {
    const localPort = await freePort();
    const open = async (host: string): Promise<Socket> => {
      const socket = connect({ host, port, localPort, localAddress: "127.0.0.1" });
      await once(socket, "connect");
      return socket;
    };
    const first = await open("127.0.0.1");
    const second = await open("127.0.0.2");

    await call(first);
    await call(second);
    second.destroy();
    await once(second, "close");
    const [one, other] = seen;

    expect(one).toBeDefined();
    expect(other).toBeDefined();
    expect(one).not.toBe(other);
    expect(one?.address).toBe("127.0.0.1");
    first.destroy();
  });
});
