import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { AgentService, type ListWorkloadsResponse } from "@persys/transports/gen";
import { describe, expect, it } from "vitest";
import { NodeUnderTest } from "../support/node-under-test.ts";
import { runPersysctl } from "../support/run-persysctl.ts";

const run = promisify(execFile);

async function curl(node: NodeUnderTest, method: string, body: object): Promise<unknown> {
  const { stdout } = await run("curl", [
    "-sS",
    "-H",
    `Authorization: Bearer ${node.agent.token()}`,
    "-H",
    "Content-Type: application/json",
    `${node.agent.endpoints().http}/persys.agent.v1.AgentService/${method}`,
    "-d",
    JSON.stringify(body),
  ]);
  return JSON.parse(stdout);
}

/** How long after the kill another process runs, in milliseconds. */
async function healedAfterMs(node: NodeUnderTest, id: string): Promise<number> {
  const old = await node.pid(id);
  const beganMs = performance.now();
  process.kill(old, "SIGKILL");
  for (;;) {
    const pid = await node.pid(id);
    if (pid !== old && pid !== 0 && stateOf(pid) !== "Z") return performance.now() - beganMs;
    if (performance.now() - beganMs > 10_000) throw new Error("not healed");
  }
}

function stateOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2, text.lastIndexOf(")") + 3);
  } catch {
    return "Z";
  }
}

describe("the first steps of a user", () => {
  it("with persysctl: apply and wait, heal, delete, nothing left", async () => {
    const node = await NodeUnderTest.start();

    await runPersysctl(node, "apply", "-f", "examples/hello.yaml", "--wait");

    expect(await runPersysctl(node, "get")).toMatch(/hello\s+process\s+running/i);
    expect(await runPersysctl(node, "logs", "hello", "--tail", "1")).not.toBe("");
    expect(await runPersysctl(node, "describe", "hello")).toContain("process.pid");
    expect(await healedAfterMs(node, "hello")).toBeLessThan(500);
    await runPersysctl(node, "stop", "hello", "--wait");
    expect(await node.state("hello")).toBe("STOPPED");
    await runPersysctl(node, "start", "hello", "--wait");
    expect(await node.state("hello")).toBe("RUNNING");
    await runPersysctl(node, "delete", "hello", "--wait");
    await expect(runPersysctl(node, "stop", "hello")).rejects.toMatchObject({ code: 3 });
    expect(JSON.parse(await runPersysctl(node, "get", "-o", "json"))).toMatchObject({
      workloads: [],
    });
  });

  it("with curl and JSON", async () => {
    const node = await NodeUnderTest.start();
    const spec = { process: { command: ["/bin/sleep"], args: ["600"] } };

    expect(await curl(node, "ApplyWorkload", { id: "web", spec })).toMatchObject({ applied: true });
    await node.reaches("web", "RUNNING");
    expect(await curl(node, "ApplyWorkload", { id: "web", spec })).toMatchObject({ skipped: true });
    expect(await curl(node, "GetWorkloadStatus", { id: "web" })).toMatchObject({
      status: { id: "web", actualState: "ACTUAL_STATE_RUNNING" },
    });
    expect(await curl(node, "ListWorkloads", {})).toMatchObject({ workloads: [{ id: "web" }] });
    expect(await curl(node, "HealthCheck", {})).toMatchObject({
      healthy: true,
      runtimeStatus: { process: "healthy" },
    });
    expect(await curl(node, "ListActions", { workload_id: "web" })).toMatchObject({
      actions: [{ actionType: "apply_workload", status: "completed" }],
    });
    expect(await curl(node, "ExplainWorkload", { id: "web" })).toMatchObject({
      next: { step: "settled" },
    });
    expect(await curl(node, "GetWorkload", { id: "web" })).toMatchObject({ spec });
    expect(await curl(node, "DeleteWorkload", { id: "web" })).toMatchObject({ success: true });
    await node.reaches("web", "absent");
  });

  it("with a grpc-js client on the same port", async () => {
    const node = await NodeUnderTest.start();
    await node.apply("web", { script: "exec sleep 600" });
    const address = new URL(node.agent.endpoints().http).host;
    const client = new grpc.Client(address, grpc.credentials.createInsecure());
    const metadata = new grpc.Metadata();
    metadata.set("authorization", `Bearer ${node.agent.token()}`);
    const { input, output } = AgentService.method.listWorkloads;

    const answer = await new Promise<ListWorkloadsResponse>((resolve, reject) => {
      client.makeUnaryRequest(
        "/persys.agent.v1.AgentService/ListWorkloads",
        (message: Uint8Array) => Buffer.from(message),
        (bytes: Buffer) => fromBinary(output, bytes),
        toBinary(input, create(input)),
        metadata,
        (error, value) =>
          error === null && value !== undefined
            ? resolve(value)
            : reject(error ?? new Error("no answer")),
      );
    });
    client.close();

    expect(answer.workloads.map((one) => one.id)).toEqual(["web"]);
  });
});
