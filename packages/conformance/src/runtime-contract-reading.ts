import assert from "node:assert/strict";
import { isWorkloadId } from "@persys/core";
import type { RuntimePromise, RuntimeStage } from "./runtime-contract-stage.ts";

/** Asserts that list and observe tell the same of an id, and returns the glance. */
async function agreedGlance(stage: RuntimeStage): Promise<string> {
  const seen = await stage.observe();
  const listed = await stage.runtime.list(stage.signal);
  assert.ok(seen.kind === "present", `there is nothing: ${JSON.stringify(seen)}`);
  assert.equal(listed.get(stage.id), seen.glance, "list and observe give different glances");
  return seen.glance;
}

/** What a runtime says without changing anything. */
export const readingPromises: readonly RuntimePromise[] = [
  {
    id: "spec-is-its-own-spec",
    level: "MUST",
    title: "a parsed spec parses again to the same spec",
    check: async ({ runtime, subject }) => {
      const first = runtime.parseSpec(subject.specs.longRunning("a"));
      assert.ok(first.ok);
      assert.deepEqual(runtime.parseSpec(first.value.spec), first);
      assert.deepEqual(JSON.parse(JSON.stringify(first.value.spec)), first.value.spec);
    },
  },
  {
    id: "spec-refuses-unknown-keys",
    level: "MUST",
    title: "every unknown key of a spec is named, all at once",
    check: async ({ runtime, subject }) => {
      const spec = subject.specs.longRunning("a");
      assert.ok(typeof spec === "object" && spec !== null);
      const parsed = runtime.parseSpec({ ...spec, noSuchKeyA: 1, noSuchKeyB: "x" });
      assert.ok(!parsed.ok, "unknown keys are accepted");
      const paths = parsed.violations.map((it) => it.path.join("."));
      assert.ok(paths.includes("noSuchKeyA") && paths.includes("noSuchKeyB"), paths.join(", "));
    },
  },
  {
    id: "spec-refuses-what-is-none",
    level: "MUST",
    title: "an input that is not an object is refused by violations, not by throwing",
    check: async ({ runtime }) => {
      for (const input of [undefined, null, 7, "spec", true, [], [{}]]) {
        const parsed = runtime.parseSpec(input);
        assert.ok(!parsed.ok && parsed.violations.length > 0, `accepted ${JSON.stringify(input)}`);
      }
    },
  },
  {
    id: "secrets-are-redacted",
    level: "MUST",
    title: "a redacted spec holds no secret and says where one was",
    check: async ({ runtime, subject }) => {
      const parsed = runtime.parseSpec(subject.specs.secretive?.("s3cr3t-value") ?? {});
      if (subject.specs.secretive === undefined) return;
      assert.ok(parsed.ok);
      const shown = JSON.stringify(runtime.redactSpec(parsed.value.spec));
      assert.ok(!shown.includes("s3cr3t-value"), shown);
      assert.ok(shown.includes("<redacted>"), shown);
    },
  },
  {
    id: "capabilities-are-true",
    level: "MUST",
    title: "every capability that is declared is there, and no other",
    check: async ({ runtime }) => {
      assert.equal(runtime.events !== undefined, runtime.capabilities.events, "events");
      assert.equal(runtime.logs !== undefined, runtime.capabilities.logs, "logs");
      assert.equal(runtime.usage !== undefined, runtime.capabilities.usage, "usage");
    },
  },
  {
    id: "type-is-a-name",
    level: "MUST",
    title: "the type follows the grammar of a name",
    check: async ({ runtime }) => assert.ok(isWorkloadId(runtime.type), runtime.type),
  },
  {
    id: "probe-answers",
    level: "MUST",
    title: "probe says that the runtime is healthy, and its version",
    check: async (stage) => {
      const health = await stage.runtime.probe(stage.signal);
      assert.ok(health.healthy, JSON.stringify(health));
      assert.ok(health.version.length > 0);
    },
  },
  {
    id: "demands-answer",
    level: "MUST",
    title: "demands says what a spec asks of the host",
    check: async (stage) => {
      const { spec } = stage.longRunning("r1");
      const demands = await stage.runtime.demands(spec, stage.signal);
      assert.ok(demands.cpuMillicores >= 0 && demands.memoryBytes >= 0);
      for (const { path } of demands.hostPaths) assert.ok(path.startsWith("/"), path);
    },
  },
  {
    id: "unknown-is-absent",
    level: "MUST",
    title: "what was never made is absent and not listed",
    check: (stage) => stage.assertAbsent(stage.idOf("nowhere")),
  },
  {
    id: "glances-agree",
    level: "MUST",
    title: "list and observe give the same glance while nothing changes",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      const running = await agreedGlance(stage);
      assert.equal(await agreedGlance(stage), running, "a look changed the glance");
      await stage.runtime.stop(stage.id, 1000, stage.signal);
      assert.notEqual(await agreedGlance(stage), running, "a stop did not change the glance");
    },
  },
  {
    id: "glance-tells-runs-apart",
    level: "MUST",
    title: "a glance differs between two runs, and after a kill",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      const first = await agreedGlance(stage);
      await stage.subject.killBehind(stage.id);
      await stage.currentOnce("exited");
      const killed = await agreedGlance(stage);
      await stage.runtime.start(stage.longRunning("r1"), stage.signal);
      const second = await agreedGlance(stage);
      assert.equal(new Set([first, killed, second]).size, 3, [first, killed, second].join(" / "));
    },
  },
  {
    id: "looks-are-repeatable",
    level: "MUST",
    title: "an observation is the same however often it is made",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      const first = await stage.observe();
      for (let time = 0; time < 3; time += 1) assert.deepEqual(await stage.observe(), first);
    },
  },
];
