import { ManualClock, SimulatedWorld } from "@persys/conformance";
import {
  AgentError,
  fixedHostPolicy,
  type LogFields,
  noTelemetry,
  silentLogger,
} from "@persys/core";
import { describe, expect, it } from "vitest";
import { HostJudge } from "../../src/engine/host-judge.ts";
import { policyAllowing, WatchfulRuntime } from "./policed-node.ts";

describe("a judge of specs that are applied", () => {
  it("logs what it could not find out without what the runtime says, which may quote the spec", async () => {
    const clock = new ManualClock();
    const runtime = new WatchfulRuntime(new SimulatedWorld({ clock }), { type: "simulated" });
    runtime.gate = Promise.reject(
      new AgentError("RUNTIME_UNAVAILABLE", "cannot read SECRET=correct horse battery", {
        retryable: true,
      }),
    );
    const lines: (LogFields | undefined)[] = [];
    const judge = new HostJudge({
      policy: fixedHostPolicy(policyAllowing("/srv")),
      clock,
      logger: { ...silentLogger, warn: (_, fields) => lines.push(fields) },
      telemetry: noTelemetry,
    });

    expect(await judge.judgeApplied(runtime, { program: "serve" })).toBe("unknown");
    expect(lines).toEqual([{ type: "simulated", code: "RUNTIME_UNAVAILABLE" }]);
  });
});
