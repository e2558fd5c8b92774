import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DockerClient } from "../../src/docker/docker-client.ts";
import { ImagePuller } from "../../src/docker/image-pull.ts";
import { forever } from "../support/runtime-calls.ts";

const password = "s3cret-word";
const signature = "a-signature";
const reference = "registry.example:5000/app:1";
const credentials = { username: "me", password, serveraddress: "registry.example:5000" };

/** An engine on another host, which says what a real one seldom does. */
describe("what an engine says of a failed pull", () => {
  let folder: string;
  let engine: Server;
  let answer: { readonly status: number; readonly lines: readonly object[] };

  const errorOf = async (): Promise<unknown> => {
    const client = new DockerClient({ url: `unix://${join(folder, "s")}` });
    const puller = new ImagePuller({ client, isLocal: false, idleTimeoutMs: 60_000 });
    return puller
      .pull({ reference, credentials }, forever, () => undefined)
      .then(
        () => "it did not fail",
        (error: unknown) => error,
      );
  };

  beforeEach(async () => {
    folder = mkdtempSync("/tmp/persys-test-words-");
    engine = createServer((question, reply) => {
      const isPull = question.url?.includes("/images/create") === true;
      const facts = { DockerRootDir: "/", SystemTime: "2026-01-01T00:00:00Z" };
      reply.writeHead(isPull ? answer.status : 200);
      const lines = isPull ? answer.lines : [facts];
      reply.end(lines.map((line) => `${JSON.stringify(line)}\r\n`).join(""));
    });
    engine.listen(join(folder, "s"));
    await once(engine, "listening");
  });

  afterEach(async () => {
    engine.closeAllConnections();
    engine.close();
    await once(engine, "close");
    rmSync(folder, { recursive: true });
  });

  it("is passed on without credentials and signatures", async () => {
    const address = `https://cdn.example/layer?X-Amz-Signature=${signature}`;
    const words = `Get "${address}": denied for me:${password}`;
    answer = { status: 200, lines: [{ errorDetail: { message: words }, error: words }] };

    const error = await errorOf();

    expect(error).toMatchObject({
      code: "IMAGE_PULL_FAILED",
      retryable: true,
      message: expect.stringContaining("https://cdn.example/layer?<redacted>"),
    });
    const all = inspect(error, { depth: 10, showHidden: true });
    expect(all).not.toContain(password);
    expect(all).not.toContain(signature);
  });

  it("is cut short", async () => {
    answer = { status: 200, lines: [{ error: "no ".repeat(10_000) }] };

    const error = await errorOf();

    expect(String(error).length).toBeLessThan(1_000);
    expect(error).toMatchObject({ code: "IMAGE_PULL_FAILED" });
  });

  it("decides nothing", async () => {
    const words = "no space left on device: unauthorized: manifest unknown: connection refused";
    answer = { status: 200, lines: [{ error: words }] };

    expect(await errorOf()).toMatchObject({ code: "IMAGE_PULL_FAILED" });
  });

  it("may be that it cannot serve now", async () => {
    answer = { status: 503, lines: [{ message: "starting" }] };

    expect(await errorOf()).toMatchObject({ code: "RUNTIME_UNAVAILABLE", retryable: true });
  });
});
