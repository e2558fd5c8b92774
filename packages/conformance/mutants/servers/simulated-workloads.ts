import { WorkloadType } from "@persys/client/contract";
import type { ApiWorkloads, SpecInit } from "../../src/api-contract.ts";
import type { SimulatedSpec } from "../../src/simulated-spec.ts";

type PlainSpec = { readonly [K in keyof SimulatedSpec]: Exclude<SimulatedSpec[K], undefined> };

function custom(spec: Partial<PlainSpec>): SpecInit {
  const plain = JSON.parse(JSON.stringify(spec)) as Record<string, string>;
  return { spec: { case: "custom", value: { runtime: "simulated", spec: plain } } };
}

/** How to write specs for a simulated runtime. */
export const simulatedWorkloads: ApiWorkloads = {
  type: WorkloadType.CUSTOM,
  runtime: "simulated",
  longRunning: (variant, labels = {}) => custom({ note: String(variant), labels }),
  exitsWith: (exitCode) =>
    custom({ program: "exit", exitCode, exitAfterMs: 5, restartPolicy: { policy: "no" } }),
  invalid: {
    spec: custom({ exitCode: 1_000, stopGraceSeconds: -1 }),
    fields: ["spec.custom.spec.exitCode", "spec.custom.spec.stopGraceSeconds"],
  },
  otherType: { spec: { case: "container", value: { image: "busybox:stable" } } },
  writes: (lines) => custom({ note: lines.join("\n") }),
  withSecret: (secret) => custom({ secret }),
};
