import type { WorkloadRuntime } from "@persys/core";
import type { RuntimeSubject } from "../../../src/runtime-contract/runtime-subject.ts";
import { simulatedSubject } from "../../../src/simulated-subject.ts";
import { SimulatedRuntime } from "../../../src/simulated-runtime.ts";

/** A runtime whose lists are never answered, with nothing that keeps the process up. */
export const subject = (): Promise<RuntimeSubject> =>
  simulatedSubject((world): WorkloadRuntime => {
    const runtime = new SimulatedRuntime(world);
    Object.assign(runtime, { list: () => new Promise(() => {}) });
    return runtime;
  });
