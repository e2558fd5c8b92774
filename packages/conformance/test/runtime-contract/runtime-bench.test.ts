import { describe, expect, it } from "vitest";
import type { WorkloadRuntime } from "@persys/core";
import { runtimeContract } from "../../src/runtime-contract.ts";
import type { RuntimeSubject } from "../../src/runtime-contract/runtime-subject.ts";
import { attemptCase } from "../../src/runner/attempt-case.ts";
import { failureLines } from "../../src/runner/failure-text.ts";
import { SimulatedRuntime } from "../../src/simulated-runtime.ts";
import { simulatedSubject } from "../../src/simulated-subject.ts";

const { signal } = new AbortController();

function caseOf(id: string, subject: () => Promise<RuntimeSubject>) {
  const found = runtimeContract(subject).find((one) => one.id === id);
  if (found === undefined) throw new Error(`no case ${id}`);
  return found;
}

describe("a case of the runtime contract", () => {
  it("that takes too long tells what it had done until then", async () => {
    const subject = async (): Promise<RuntimeSubject> => {
      const { elapse: _simulated, ...real } = await simulatedSubject((world): WorkloadRuntime => {
        const runtime = new SimulatedRuntime(world);
        Object.assign(runtime, {
          prepare: () => Promise.resolve(),
          start: () => new Promise(() => {}),
        });
        return runtime;
      });
      return { ...real, patienceMs: 60_000 };
    };

    const { failure } = await attemptCase(caseOf("start-is-idempotent", subject), {
      seed: 1,
      signal,
      timeoutMs: 100,
    });

    expect(failure?.message).toBe("it did not end within 0.1 s");
    expect(failure?.sequence?.join("\n")).toMatch(/prepare.*\n.*start/s);
  });

  it("names the member of the subject that it lacks", async () => {
    const lacking = async (): Promise<RuntimeSubject> => {
      const { runtime, specs, killBehind, elapse, dispose } = await simulatedSubject();
      const { longRunning } = specs;
      const sequences = { count: 1, length: 1 };
      const least = { runtime, specs: { longRunning }, killBehind, dispose, sequences };
      return elapse === undefined ? least : { ...least, elapse };
    };
    const reasons: string[] = [];
    for (const contractCase of runtimeContract(lacking)) {
      const { outcome, because = "" } = await attemptCase(contractCase, {
        seed: 1,
        signal,
        timeoutMs: 60_000,
      });
      if (outcome === "unjudged") reasons.push(because);
    }

    expect(reasons.length).toBeGreaterThan(15);
    const member =
      /\b(?:specs\.[a-z]+[A-Z]?\w*|[a-z]+[A-Z]\w+|reopen|stranger|leftovers|rejoin|stall)\b/;
    expect(reasons.filter((reason) => !member.test(reason))).toEqual([]);
  }, 60_000);

  it("that fails within the kit alone shows no place of the kit", async () => {
    const subject = (): Promise<RuntimeSubject> =>
      simulatedSubject((world): WorkloadRuntime => {
        const [runtime, other] = [new SimulatedRuntime(world), new SimulatedRuntime(world)];
        Object.assign(runtime, { parseSpec: () => other.parseSpec({}) });
        return runtime;
      });
    const contractCase = caseOf("spec-refuses-unknown-keys", subject);

    const { failure } = await attemptCase(contractCase, { seed: 1, signal, timeoutMs: 10_000 });

    if (failure === undefined) throw new Error("it was to fail");
    expect(failure.stack).toContain("spec-promises");
    expect(failureLines({ ...contractCase, failure }, { seed: 1 }).join("\n")).not.toContain(
      "spec-promises",
    );
  });
});
