import { execFile } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headersOf } from "../connect/protocol-clients.ts";
import { serve, type Serving } from "../connect/serving.ts";

const run = promisify(execFile);
const buf = fileURLToPath(new URL("../../../../node_modules/.bin/buf", import.meta.url));

let serving: Serving;
let client: grpc.Client;

beforeAll(async () => {
  serving = await serve({ by: "grpc" });
  client = new grpc.Client(`127.0.0.1:${serving.port}`, grpc.credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await serving.transport.stop(0);
});

/** `HealthCheckRequest {service = 1}`; `HealthCheckResponse {status = 1}`, of which 1 is SERVING and 2 NOT_SERVING. */
function watchHealth(service: string): grpc.ClientReadableStream<number> {
  const text = Buffer.from(service);
  return client.makeServerStreamRequest(
    "/grpc.health.v1.Health/Watch",
    () => Buffer.concat([Buffer.from([0x0a, text.length]), text]),
    (bytes) => bytes[1] ?? 0,
    {},
  );
}

describe("the gRPC port", () => {
  it.each(["", "persys.agent.v1.AgentService"])(
    "tells whoever asks that it serves %j",
    async (service) => {
      const watch = watchHealth(service);
      const [status] = (await once(watch, "data")) as [number];
      watch.on("error", () => {}).cancel();

      expect(status).toBe(1);
    },
  );

  it("tells of a service that it does not have", async () => {
    const watch = watchHealth("x".repeat(100));
    const [status] = (await once(watch, "data")) as [number];
    watch.on("error", () => {}).cancel();

    // SERVICE_UNKNOWN
    expect(status).toBe(3);
  });

  it("describes its services to who is known", async () => {
    const url = `http://127.0.0.1:${serving.port}`;
    const options = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--list-methods"];
    const { authorization = "" } = headersOf({});
    const asked = [...options, "--reflect-header", `authorization: ${authorization}`, url];

    const { stdout } = await run(buf, asked);

    expect(stdout).toContain("persys.agent.v1.AgentService/ApplyWorkload");
    expect(stdout).toContain("persys.agent.v1.AgentService/WatchWorkloads");
    await expect(run(buf, [...options, url])).rejects.toThrow("not authenticated");
  });

  it("says that it serves no more when it stops", async () => {
    const other = await serve({ by: "grpc" });
    const here = client;
    client = new grpc.Client(`127.0.0.1:${other.port}`, grpc.credentials.createInsecure());
    const watch = watchHealth("");
    await once(watch, "data");
    const told = once(watch, "data");

    const stopped = other.transport.stop(600_000);
    const [status] = (await told) as [number];
    watch.on("error", () => {}).cancel();
    await stopped;
    client.close();
    client = here;

    expect(status).toBe(2);
  });
});
