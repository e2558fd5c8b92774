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

/** `HealthCheckRequest {service = 1}`; `HealthCheckResponse {status = 1}`, of which 1 is SERVING and 2 NOT_SERVING. */
const asked = (service: string) => (): Buffer => {
  const text = Buffer.from(service);
  return Buffer.concat([Buffer.from([0x0a, text.length]), text]);
};
const told = (bytes: Buffer): number => bytes[1] ?? 0;

function watchHealth(client: grpc.Client, service: string): grpc.ClientReadableStream<number> {
  return client.makeServerStreamRequest("/grpc.health.v1.Health/Watch", asked(service), told, {});
}

function checkHealth(client: grpc.Client, service: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  client.makeUnaryRequest(
    "/grpc.health.v1.Health/Check",
    asked(service),
    told,
    {},
    (error: grpc.ServiceError | null, status) => {
      if (error === null) resolve(status);
      else reject(error);
    },
  );
  return promise;
}

describe.each(["grpc", "connect"] as const)("the %s port, to clients of gRPC", (by) => {
  let serving: Serving;
  let client: grpc.Client;

  beforeAll(async () => {
    serving = await serve({ by });
    client = new grpc.Client(`127.0.0.1:${serving.port}`, grpc.credentials.createInsecure());
  });

  afterAll(async () => {
    client.close();
    await serving.transport.stop(0);
  });

  it.each(["", "persys.agent.v1.AgentService"])(
    "tells whoever asks that it serves %j",
    async (service) => {
      const watch = watchHealth(client, service);
      const [status] = (await once(watch, "data")) as [number];
      watch.on("error", () => {}).cancel();

      expect(status).toBe(1);
      expect(await checkHealth(client, service)).toBe(1);
    },
  );

  it("tells of a service that it does not have", async () => {
    const watch = watchHealth(client, "x".repeat(100));
    const [status] = (await once(watch, "data")) as [number];
    watch.on("error", () => {}).cancel();

    // SERVICE_UNKNOWN
    expect(status).toBe(3);
    await expect(checkHealth(client, "x")).rejects.toMatchObject({ code: grpc.status.NOT_FOUND });
  });

  it("describes its services to who is known", { timeout: 60_000 }, async () => {
    const url = `http://127.0.0.1:${serving.port}`;
    const options = ["curl", "--protocol", "grpc", "--http2-prior-knowledge"];
    const { authorization = "" } = headersOf({});
    const header = `authorization: ${authorization}`;
    const reflect = [...options, "--reflect-header", header, "--header", header];

    const { stdout } = await run(buf, [...reflect, "--list-methods", url]);

    expect(stdout).toContain("persys.agent.v1.AgentService/ApplyWorkload");
    expect(stdout).toContain("persys.agent.v1.AgentService/WatchWorkloads");
    expect(stdout).toContain("grpc.health.v1.Health/Check");
    await expect(run(buf, [...options, "--list-methods", url])).rejects.toThrow(
      "not authenticated",
    );
    for (const version of ["grpc-v1", "grpc-v1alpha"]) {
      const call = `${url}/persys.agent.v1.AgentService/HealthCheck`;
      const asking = [...reflect, "--reflect-protocol", version, "--data", "{}", call];
      expect(JSON.parse((await run(buf, asking)).stdout)).toMatchObject({ nodeId: "node-1" });
    }
  });

  it("says that it serves no more when it stops", async () => {
    const other = await serve({ by });
    const there = new grpc.Client(`127.0.0.1:${other.port}`, grpc.credentials.createInsecure());
    const watch = watchHealth(there, "");
    await once(watch, "data");
    const next = once(watch, "data");

    const stopped = other.transport.stop(600_000);
    const [status] = (await next) as [number];
    watch.on("error", () => {}).cancel();
    await stopped;
    there.close();

    expect(status).toBe(2);
  });
});
