import { createNodeAgentClient } from "@persys/client/node";
import { describe, expect, it } from "vitest";
import { applyOf, NodeUnderTest } from "../support/node-under-test.ts";
import { OtlpReceiver, type ReceivedSpan } from "../support/otlp-receiver.ts";

const clientTrace = "0af7651916cd43dd8448eb211c80319c";
const clientSpan = "b7ad6b7169203331";
const headers = { traceparent: `00-${clientTrace}-${clientSpan}-01` };
const secret = "correct-horse-canary";
const service = "persys.agent.v1.AgentService";

function is(name: string, parent: ReceivedSpan, kind?: string): (span: ReceivedSpan) => boolean {
  return (span) =>
    span.name === name &&
    span.traceId === parent.traceId &&
    span.parentSpanId === parent.spanId &&
    (kind === undefined || span.attributes.get("persys.step.kind") === kind);
}

function instanceOf({ resource }: ReceivedSpan): string {
  return resource.get("service.instance.id") ?? "";
}

describe("traces", () => {
  it("tell of an apply, a kill of the agent and its recovery as one story, and of a later heal as one linked to it", async () => {
    const receiver = await OtlpReceiver.start();
    const node = await NodeUnderTest.start({
      ...receiver.env,
      PERSYS_SETTLE_TIME: "2s",
      OTEL_SERVICE_NAME: "agent-under-test",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    });

    await node.client.applyWorkload(
      applyOf("web", { script: "exec sleep 600", env: { PASSWORD: secret } }),
      { headers },
    );

    const call = await receiver.span("the call", ({ name }) => name === `${service}/ApplyWorkload`);
    expect(call).toMatchObject({ traceId: clientTrace, parentSpanId: clientSpan, kind: 2 });
    expect(call.attributes.get("rpc.system.name")).toBe("connectrpc");
    await receiver.span("the commit of the request", is("persys.store.commit", call));
    const settling = is("persys.reconcile", call);
    const work = await receiver.span("the work for it", settling);
    const step = await receiver.span("its step", is("persys.step", work, "start"));
    await receiver.span("the commit of the intent", is("persys.store.commit", step));
    await receiver.span("the call of the runtime", is("persys.runtime.start", step));
    expect([step.attributes.get("persys.step.outcome"), step.status]).toEqual(["done", 0]);
    expect(call.resource.get("service.name")).toBe("agent-under-test");
    expect(call.resource.get("deployment.environment.name")).toBe("test");

    const pid = await node.pid("web");
    await node.agent.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
    await node.restart("SIGKILL");

    const recovery = await receiver.span(
      "the work of the second agent for the same request",
      (span) => settling(span) && instanceOf(span) !== instanceOf(call),
    );
    await receiver.span("the second start", is("persys.step", recovery, "start"));
    await node.reaches("web", "RUNNING");
    const [action] = (await node.client.listActions({ workloadId: "web" })).actions;
    expect(action?.traceparent).toBe(`00-${clientTrace}-${call.spanId}-01`);
    const line = node.agent.stderr.find((text) => text.includes('"step":"start"')) ?? "{}";
    expect(JSON.parse(line)).toMatchObject({
      trace_id: clientTrace,
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    });

    process.kill(await node.pid("web"), "SIGKILL");

    const heal = await receiver.span("the heal", ({ name, traceId, attributes }) => {
      const kind = attributes.get("persys.step.kind");
      return name === "persys.step" && kind === "start" && traceId !== clientTrace;
    });
    expect(heal.parentSpanId).toBe("");
    expect(heal.links).toEqual([
      expect.objectContaining({ traceId: clientTrace, spanId: call.spanId }),
    ]);
    expect(receiver.bodies.join("\n")).not.toContain(secret);
  });

  it("begin at calls over gRPC as well; metrics are sent and shown to Prometheus at once", async () => {
    const receiver = await OtlpReceiver.start();
    const node = await NodeUnderTest.start(receiver.env);
    const client = createNodeAgentClient({
      baseUrl: `http://${node.agent.endpoints().grpc}`,
      protocol: "grpc",
      token: node.agent.token(),
    });

    await node.apply("web", { script: "exec sleep 600" });
    await expect(client.getWorkload({ id: "nobody" }, { headers })).rejects.toThrow("not found");

    const call = await receiver.span("the call", ({ name }) => name === `${service}/GetWorkload`);
    expect(call).toMatchObject({ traceId: clientTrace, parentSpanId: clientSpan, status: 0 });
    expect(Object.fromEntries(call.attributes)).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": `${service}/GetWorkload`,
      "rpc.status_code": "NOT_FOUND",
    });
    const text = await (await fetch(`${node.agent.endpoints().metrics}/metrics`)).text();
    expect(text).toContain(
      `rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="${service}/GetWorkload",rpc_status_code="NOT_FOUND"} 1`,
    );
    const sent = ["rpc.server.call.duration", "persys_agent_workload_reconcile_duration_seconds"];
    await expect
      .poll(() => sent.map((name) => receiver.metrics.get(name)), { timeout: 10_000 })
      .toEqual(["s", "s"]);
  });

  it("are not made where the sampler says so", async () => {
    const receiver = await OtlpReceiver.start();
    const node = await NodeUnderTest.start({ ...receiver.env, OTEL_TRACES_SAMPLER: "always_off" });

    await node.apply("web", { script: "exec sleep 600" });
    await node.reaches("web", "RUNNING");
    await expect.poll(() => receiver.metrics.size, { timeout: 10_000 }).toBeGreaterThan(10);

    expect(receiver.spans).toEqual([]);
  });
});

describe("a receiver", () => {
  it.each(["gone", "unavailable", "hangs"] as const)(
    "that is %s delays neither the agent nor its stop",
    async (state) => {
      const receiver = await OtlpReceiver.start(state === "gone" ? "takes" : state);
      const { env } = receiver;
      if (state === "gone") await receiver.close();
      const node = await NodeUnderTest.start(env);

      for (const id of ["a", "b", "c"]) await node.apply(id, { script: "exec sleep 600" });
      for (const id of ["a", "b", "c"]) await node.reaches(id, "RUNNING");
      if (state !== "gone") expect(receiver.requests).toBeGreaterThan(0);
      const beganMs = performance.now();
      const { code } = await node.agent.kill("SIGTERM");

      expect(code).toBe(0);
      // Of these, at most two for what could not be sent.
      expect(performance.now() - beganMs).toBeLessThan(8_000);
      const complaints = node.agent.messages().filter((said) => said.includes("telemetry"));
      expect(complaints.length).toBeLessThan(4);
    },
  );
});
