import assert from "node:assert/strict";
import { AgentError, isLive, type RuntimeEvent } from "@persys/core";
import type { RuntimePromise, RuntimeStage } from "./runtime-contract-stage.ts";

/** How soon a call has to give up once its signal aborts. */
const promptMs = 1000;

type Call = (stage: RuntimeStage, signal: AbortSignal) => Promise<unknown>;

const everyCall: Readonly<Record<string, Call>> = {
  demands: (stage, signal) => stage.runtime.demands(stage.longRunning("r1").spec, signal),
  probe: (stage, signal) => stage.runtime.probe(signal),
  list: (stage, signal) => stage.runtime.list(signal),
  observe: (stage, signal) => stage.runtime.observe(stage.id, signal),
  prepare: (stage, signal) => stage.runtime.prepare(stage.longRunning("r1"), signal, () => {}),
  start: (stage, signal) => stage.runtime.start(stage.longRunning("r1"), signal),
  replace: (stage, signal) => stage.runtime.replace(stage.longRunning("r2"), signal),
  retire: (stage, signal) => stage.runtime.retire(stage.id, [], signal),
  restore: (stage, signal) => stage.runtime.restore(stage.id, signal),
  stop: (stage, signal) => stage.runtime.stop(stage.id, 1000, signal),
  remove: (stage, signal) => stage.runtime.remove(stage.id, signal),
};

/** Reads hints until the signal aborts. */
function collect(
  stage: RuntimeStage,
  signal: AbortSignal,
): { readonly seen: RuntimeEvent[]; readonly ended: Promise<void> } {
  const seen: RuntimeEvent[] = [];
  const events = stage.runtime.events?.(signal);
  const read = async (): Promise<void> => {
    for await (const event of events ?? []) seen.push(event);
  };
  return { seen, ended: read() };
}

/** Cancellation, hints, restarts of the agent, strangers, and a host that does not answer. */
export const surroundingsPromises: readonly RuntimePromise[] = [
  {
    id: "cancelled-calls-end",
    level: "MUST",
    title:
      "a call whose signal has aborted ends at once, if it fails then with the signal's reason",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      const cancel = new AbortController();
      const reason = new AgentError("CANCELLED", "enough");
      cancel.abort(reason);
      for (const [name, call] of Object.entries(everyCall)) {
        const outcome = await stage.outcomeOf(call(stage, cancel.signal), promptMs);
        if ("thrown" in outcome) assert.equal(outcome.thrown, reason, name);
      }
    },
  },
  {
    id: "cancelled-stop-can-be-resumed",
    level: "MUST",
    title: "a stop gives up promptly in its grace, with the reason; the next one finishes it",
    check: async (stage) => {
      if ((await stage.startIgnoringStop()) === undefined) return;
      const cancel = new AbortController();
      const reason = new AgentError("CANCELLED", "enough");
      const stopping = stage.runtime.stop(stage.id, 3_600_000, cancel.signal);
      const failure = stage.failureOf(stopping);
      await stage.elapse(50);
      cancel.abort(reason);
      assert.equal(await failure, reason);
      assert.ok(isLive(await stage.current()), "it was forced although the stop was called off");
      await stage.outcomeOf(stage.runtime.stop(stage.id, 0, stage.signal));
      assert.equal((await stage.current()).state, "exited");
    },
  },
  {
    id: "an-end-is-hinted",
    level: "MUST",
    title: "an event follows when a program ends by itself, and the stream ends with its signal",
    check: async (stage) => {
      if (!stage.runtime.capabilities.events) return;
      await stage.prepareAndStart(stage.longRunning("r1"));
      const stop = new AbortController();
      const { seen, ended } = collect(stage, stop.signal);
      await stage.elapse(50);
      await stage.subject.killBehind(stage.id);
      await stage.eventually("an event after the kill", () =>
        seen.some((event) => event.id === undefined || event.id === stage.id),
      );
      const reason = new AgentError("CANCELLED", "enough");
      stop.abort(reason);
      const outcome = await stage.outcomeOf(ended, promptMs);
      if ("thrown" in outcome) assert.equal(outcome.thrown, reason);
    },
  },
  {
    id: "a-restart-is-invisible",
    level: "MUST",
    title: "another runtime over the same host sees the same, and goes on with it",
    check: async (stage) => {
      const reopened = await stage.subject.reopen?.();
      if (reopened === undefined) return;
      await stage.prepareAndReplace(stage.longRunning("r1"), stage.longRunning("r2"));
      const before = await stage.observe();
      const after = await (await stage.subject.reopen?.())?.observe(stage.id, stage.signal);
      assert.deepEqual(after, before);
      await reopened.restore(stage.id, stage.signal);
      assert.equal((await stage.current()).revisionId, "r1");
      await reopened.remove(stage.id, stage.signal);
      await stage.assertAbsent();
    },
  },
  {
    id: "strangers-are-left-alone",
    level: "MUST",
    title: "what does not carry our marks is not seen and not touched",
    check: async (stage) => {
      const { stranger } = stage.subject;
      if (stranger === undefined) return;
      await stranger.add(stage.id);
      await stage.assertAbsent();
      await stage.runtime.stop(stage.id, 0, stage.signal);
      await stage.runtime.retire(stage.id, [], stage.signal);
      await stage.runtime.restore(stage.id, stage.signal);
      await stage.runtime.remove(stage.id, stage.signal);
      assert.ok(await stranger.isIntact(stage.id), "the stranger was touched");
    },
  },
  {
    id: "unreadable-is-not-absent",
    level: "MUST",
    title: "cut off, observe is unreadable, list, start, stop and remove fail, probe is unhealthy",
    check: async (stage) => {
      if (stage.subject.cutOff === undefined) return;
      await stage.prepareAndStart(stage.longRunning("r1"));
      await stage.subject.cutOff();
      const seen = await stage.observe();
      assert.equal(seen.kind, "unreadable");
      assert.ok(!(await stage.runtime.probe(stage.signal)).healthy);
      for (const call of ["list", "start", "stop", "remove"] as const) {
        const failure = await stage.failureOf(
          everyCall[call]?.(stage, stage.signal) ?? Promise.resolve(),
        );
        assert.ok(AgentError.is(failure), `${call}: ${String(failure)}`);
        assert.equal(failure.code, "RUNTIME_UNAVAILABLE", call);
        assert.ok(failure.retryable, call);
      }
    },
  },
  {
    id: "logs-hold-the-output",
    level: "MUST",
    title: "logs give what the program wrote, and end when they are not followed",
    check: async (stage) => {
      const spec = stage.subject.specs.prints?.("a line of output");
      if (spec === undefined || stage.runtime.logs === undefined) return;
      await stage.prepareAndStart(stage.target("r1", spec));
      await stage.eventually("the line is in the logs", async () => {
        let text = "";
        const chunks = stage.runtime.logs?.(stage.id, { follow: false }, stage.signal) ?? [];
        for await (const chunk of chunks) text += Buffer.from(chunk.data).toString("utf8");
        return text.includes("a line of output");
      });
    },
  },
  {
    id: "usage-is-of-the-running",
    level: "MUST",
    title: "usage measures what runs and leaves out the rest",
    check: async (stage) => {
      if (stage.runtime.usage === undefined) return;
      await stage.prepareAndStart(stage.longRunning("r1"));
      const running = await stage.runtime.usage([stage.id], stage.signal);
      assert.ok((running.get(stage.id)?.memoryBytes ?? 0) > 0);
      await stage.runtime.stop(stage.id, 1000, stage.signal);
      assert.equal((await stage.runtime.usage([stage.id], stage.signal)).size, 0);
    },
  },
];
