import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rawConnection } from "./raw-client.ts";
import { serve, type Serving } from "./serving.ts";

const applyPath = "/persys.agent.v1.AgentService/ApplyWorkload";
const megabyte = Buffer.alloc(1024 * 1024, " ");

let serving: Serving;

beforeAll(async () => {
  serving = await serve();
});

afterAll(async () => {
  await serving.transport.stop(1_000);
});

describe("a body past the limit", () => {
  it("whose sender stops once it is answered does not keep the connection", async () => {
    const { socket, ended, received } = await rawConnection(serving.port);
    const head = [
      `POST ${applyPath} HTTP/1.1`,
      "Host: 127.0.0.1",
      "Authorization: Bearer secret",
      "Content-Type: application/json",
      "Transfer-Encoding: chunked",
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    for (let sent = 0; sent < 5; sent += 1) {
      socket.write(`${megabyte.length.toString(16)}\r\n`);
      socket.write(megabyte);
      socket.write("\r\n");
    }

    await ended;

    expect(received()).toContain("resource_exhausted");
  });
});
