import { describe, expect, it } from "vitest";
import type { SimulatedSpec } from "@persys/conformance";
import { RecordingTelemetry } from "../support/recording-telemetry.ts";
import { caller, SimulatedNode } from "../support/simulated-node.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const continues = { kind: "continues", traceparent };
const secret = "hunter2-canary";

async function applied(node: SimulatedNode, more: SimulatedSpec = {}): Promise<void> {
  const request = { id: "web", type: "simulated", revisionId: "r1", desired: "running" } as const;
  const spec = { program: "serve", secret, ...more };
  void node.api.apply({ ...request, spec }, { ...caller, traceparent });
  await node.clock.settle();
}

function steps(telemetry: RecordingTelemetry): readonly (string | undefined)[] {
  return telemetry.named("persys.step").map(({ attributes }) => attributes["persys.step.kind"]);
}

describe("traces", () => {
  it("show the work for a request in the trace of the request, until it is reached", async () => {
    const telemetry = new RecordingTelemetry();
    const node = await SimulatedNode.start({ telemetry });

    await applied(node);
    await node.after(20_000);
    const reached = telemetry.spans.length;
    await node.after(100_000);

    expect(telemetry.named("persys.reconcile")[0]?.place).toEqual(continues);
    expect(steps(telemetry)).toEqual(["prepare", "start"]);
    for (const step of telemetry.named("persys.step")) {
      expect(step.place).toEqual({ kind: "inside" });
      expect(step.attributes).toMatchObject({ "persys.step.outcome": "done" });
    }
    const names = new Set(telemetry.spans.map(({ name }) => name));
    expect([...names].toSorted()).toEqual([
      "persys.reconcile",
      "persys.runtime.observe",
      "persys.runtime.prepare",
      "persys.runtime.start",
      "persys.step",
      "persys.store.commit",
    ]);
    const later = telemetry.spans.slice(reached).map(({ place }) => place.kind);
    expect(later).not.toContain("continues");
    expect(telemetry.spans.every(({ ended }) => ended)).toBe(true);
  });

  it("show a heal as a trace of its own that is linked to the request", async () => {
    const telemetry = new RecordingTelemetry();
    const node = await SimulatedNode.start({ telemetry });
    await applied(node);
    await node.after(20_000);
    const before = telemetry.spans.length;

    node.world.kill("web");
    await node.after(1_000);

    const begun = telemetry.spans.slice(before);
    const heal = begun.find(({ name }) => name === "persys.step");
    expect(heal?.place).toEqual({ kind: "begins", cause: traceparent });
    expect(heal?.attributes).toMatchObject({ "persys.workload.id": "web" });
    const around = begun.filter(({ name }) => name === "persys.reconcile");
    expect(around.map(({ place }) => place.kind)).toContain("outside");
  });

  it("go on after a kill of the agent in the trace of the request that was under way", async () => {
    const telemetry = new RecordingTelemetry();
    const node = await SimulatedNode.start({ telemetry });
    await applied(node, { startMs: 60_000 });
    const before = telemetry.spans.length;

    await node.crash();
    await node.boot();
    await node.after(90_000);

    const resumed = telemetry.spans
      .slice(before)
      .filter(({ name, place }) => name === "persys.reconcile" && place.kind === "continues");
    expect(resumed[0]?.place).toEqual(continues);
    expect(resumed[0]?.attributes).toMatchObject({ "persys.resumed.step": "start" });
    expect(resumed[1]?.attributes).not.toHaveProperty("persys.resumed.step");
  });

  it("begin anew where a request came in no trace", async () => {
    const telemetry = new RecordingTelemetry();
    const node = await SimulatedNode.start({ telemetry });

    await node.settled("web");

    expect(telemetry.named("persys.reconcile")[0]?.place).toEqual({ kind: "begins" });
  });

  it("show a failure by its code, and nothing of a spec", async () => {
    const telemetry = new RecordingTelemetry();
    const node = await SimulatedNode.start({ telemetry });

    await applied(node, { startFails: "RUNTIME_ERROR" });
    await node.after(20_000);

    const failed = telemetry.spans.filter(({ failure }) => failure !== "");
    expect(failed.length).toBeGreaterThan(1);
    expect(failed.map(({ failure }) => failure)).toEqual(failed.map(() => failed[0]?.failure));
    expect(telemetry.counts.get("errors_total")).toBeGreaterThan(0);
    expect(JSON.stringify(telemetry.spans)).not.toContain(secret);
  });
});
