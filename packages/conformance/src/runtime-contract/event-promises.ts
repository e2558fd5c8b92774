import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { AgentError, type RuntimeEvent, type WorkloadId } from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";
import type { RuntimeStage } from "./runtime-stage.ts";
import type { OutsideChange } from "./runtime-subject.ts";

/** Until a stream that was asked for is likely to be under way, in milliseconds. */
const subscribeMs = 100;

const allHints: readonly OutsideChange[] = ["change", "health", "pause", "remove", "start"];

/** A stream that is being read. */
interface Listening {
  readonly seen: RuntimeEvent[];
  readonly ended: Promise<void>;
  readonly stop: AbortController;
}

/** Reads hints until the signal aborts. Undefined, and nothing to judge, where the runtime declares no events. */
async function listen(stage: RuntimeStage): Promise<Listening | undefined> {
  const stop = new AbortController();
  const events = stage.runtime.events?.(stop.signal);
  if (events === undefined) return undefined;
  const seen: RuntimeEvent[] = [];
  const read = async (): Promise<void> => {
    for await (const event of events) seen.push(event);
  };
  const ended = read();
  ended.catch(() => {});
  stage.signal.addEventListener("abort", () => stop.abort(stage.signal.reason), { once: true });
  await stage.elapse(subscribeMs);
  return { seen, ended, stop };
}

/** Acts, and waits for a hint that came after that. */
async function hinted(
  stage: RuntimeStage,
  listening: Listening,
  act: { readonly what: string; readonly id: WorkloadId; readonly by: () => Promise<void> },
): Promise<void> {
  // Hints of what was done before may still be on their way.
  await stage.elapse(subscribeMs);
  const from = listening.seen.length;
  await act.by();
  await stage.eventually(`a hint follows ${act.what}`, () =>
    listening.seen.slice(from).some(({ id }) => id === undefined || id === act.id),
  );
}

async function endOf(stage: RuntimeStage, { ended, stop }: Listening): Promise<void> {
  const reason = new AgentError("CANCELLED", "enough");
  stop.abort(reason);
  const outcome = await stage.outcomeOf(ended, stage.promptMs);
  if ("thrown" in outcome) assert.equal(outcome.thrown, reason, failsOtherwise);
}

const failsOtherwise = "a stream whose signal aborted fails with something else than its reason";

function assertLetGo(signal: AbortSignal): void {
  const listeners = getEventListeners(signal, "abort").length;
  assert.equal(listeners, 0, "a stream that has ended listens to its signal still");
}

/** Hints, where a runtime declares them. Where it does not, it must not have the method (RT-002). */
export const eventPromises: readonly RuntimePromise[] = [
  {
    id: "an-end-is-hinted",
    clause: "RT-080",
    level: "MUST",
    title: "a hint follows every end that nobody asked for, of each run",
    check: async (stage) => {
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      const listening = await listen(stage);
      if (listening === undefined) return;
      for (let run = 1; run <= 3; run += 1) {
        const by = (): Promise<void> => stage.kill();
        await hinted(stage, listening, { what: `the end of run ${run}`, id: stage.id, by });
        await stage.currentOnce("exited");
        await stage.runtime.start(target, stage.signal);
      }
      await endOf(stage, listening);
    },
  },
  {
    id: "ends-after-the-subscription-are-hinted",
    clause: "RT-080",
    level: "MUST",
    title:
      "a hint follows the end of what was started after the stream was opened, of every workload",
    check: async (stage) => {
      const listening = await listen(stage);
      if (listening === undefined) return;
      const ids = ["e-1", "e-2", "e-3"].map((it) => stage.idOf(it));
      for (const id of ids) await stage.prepareAndStart(stage.longRunning("r1", id));
      for (const id of ids) {
        const by = (): Promise<void> => stage.kill(id);
        await hinted(stage, listening, { what: `the end of ${stage.nameOf(id)}`, id, by });
      }
      const spec = stage.subject.specs.exitsWith?.(1);
      if (spec !== undefined) {
        const job = stage.target("r1", spec);
        await stage.prepare(job);
        const by = (): Promise<void> => stage.runtime.start(job, stage.signal);
        await hinted(stage, listening, { what: "the end of a job", id: stage.id, by });
      }
      await endOf(stage, listening);
    },
  },
  {
    id: "changes-behind-are-hinted",
    clause: "RT-081",
    level: "SHOULD",
    title: "a hint follows whatever somebody does behind the runtime",
    check: async (stage) => {
      const { driftBehind, pauseBehind, removeBehind, startBehind } = stage.subject;
      if ([driftBehind, pauseBehind, removeBehind, startBehind].every((it) => it === undefined))
        return stage.unjudged("driftBehind, pauseBehind, removeBehind or startBehind");
      const listening = await listen(stage);
      if (listening === undefined) return;
      const { id } = stage;
      await stage.prepareAndStart(stage.longRunning("r1"));
      const { healthBehind, hints = allHints } = stage.subject;
      const outsiders = {
        health:
          healthBehind === undefined ? undefined : (it: string) => healthBehind(it, "unhealthy"),
        change: driftBehind,
        pause: pauseBehind,
        remove: removeBehind,
      };
      if (startBehind !== undefined && hints.includes("start")) {
        await stage.stop();
        const by = (): Promise<void> => stage.behind("start", id, startBehind);
        await hinted(stage, listening, { what: "a start behind it", id, by });
      }
      for (const [what, act] of Object.entries(outsiders)) {
        if (act === undefined || !hints.some((it) => it === what)) continue;
        const by = (): Promise<void> => stage.behind(what, id, act);
        await hinted(stage, listening, { what: `a ${what} behind it`, id, by });
      }
      await endOf(stage, listening);
    },
  },
  {
    id: "streams-end-with-their-signal",
    clause: "RT-082",
    level: "MUST",
    title:
      "a stream ends promptly when its signal aborts, whether it is read or not, and lets go of it",
    check: async (stage) => {
      if (stage.runtime.events === undefined) return;
      await stage.prepareAndStart(stage.longRunning("r1"));
      for (let time = 0; time < 5; time += 1) {
        const listening = await listen(stage);
        if (listening === undefined) return;
        await endOf(stage, listening);
        assertLetGo(listening.stop.signal);
      }
      const gone = new AbortController();
      const reason = new AgentError("CANCELLED", "enough");
      gone.abort(reason);
      const read = async (): Promise<void> => {
        for await (const event of stage.runtime.events?.(gone.signal) ?? [])
          assert.fail(`a stream whose signal had aborted gives ${event.what}`);
      };
      const outcome = await stage.outcomeOf(read(), stage.promptMs);
      if ("thrown" in outcome) assert.equal(outcome.thrown, reason, failsOtherwise);
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
  {
    id: "streams-may-be-left",
    clause: "RT-082",
    level: "MUST",
    title: "a stream that its reader leaves after an event lets go of its signal and of all else",
    check: async (stage) => {
      const { signal } = new AbortController();
      const events = stage.runtime.events?.(signal);
      if (events === undefined) return;
      const leave = async (): Promise<void> => {
        for await (const _ of events) return;
      };
      const left = stage.outcomeOf(leave());
      await stage.elapse(subscribeMs);
      await stage.prepareAndStart(stage.longRunning("r1"));
      await stage.kill();
      await left;
      assertLetGo(signal);
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
  {
    id: "streams-do-not-end-by-themselves",
    clause: "RT-082",
    level: "MUST",
    title: "a stream does not end while its signal has not aborted and it has not broken",
    check: async (stage) => {
      const listening = await listen(stage);
      if (listening === undefined) return;
      const id = stage.idOf("b");
      await stage.prepareAndStart(stage.longRunning("r1", id));
      await stage.runtime.remove(id, stage.signal);
      await stage.elapse(stage.windDownMs);
      const early = await Promise.race([listening.ended.then(() => "ended"), stage.elapse(1)]);
      assert.notEqual(early, "ended", "the stream ended by itself");
      await endOf(stage, listening);
    },
  },
  {
    id: "streams-are-independent",
    clause: "RT-083",
    level: "MUST",
    title: "of several streams each gives every hint, also after another has ended",
    check: async (stage) => {
      const [one, other] = [await listen(stage), await listen(stage)];
      if (one === undefined || other === undefined) return;
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      const from = one.seen.length;
      const by = (): Promise<void> => stage.kill();
      await hinted(stage, other, { what: "an end", id: stage.id, by });
      await stage.eventually("the other stream gives it as well", () => one.seen.length > from);
      await endOf(stage, one);
      await stage.currentOnce("exited");
      await stage.runtime.start(target, stage.signal);
      await hinted(stage, other, { what: "another end", id: stage.id, by });
      await endOf(stage, other);
    },
  },
  {
    id: "streams-do-not-fall-silent",
    clause: "RT-084",
    level: "MUST",
    title: "a stream that an outage has cut breaks off with an error, or goes on giving hints",
    check: async (stage) => {
      const { cutOff, rejoin } = stage.subject;
      if (stage.runtime.events === undefined) return;
      if (cutOff === undefined || rejoin === undefined) return stage.unjudged("cutOff and rejoin");
      await stage.prepareAndStart(stage.longRunning("r1"));
      const listening = await listen(stage);
      if (listening === undefined) return;
      stage.trail.note("(the runtime is cut off, and joined again)");
      await cutOff();
      await stage.elapse(subscribeMs);
      await rejoin();
      await stage.eventually("it can be read again", async () => {
        return (await stage.observe()).kind !== "unreadable";
      });
      const from = listening.seen.length;
      let ended: "broken off" | "as if all were well" | undefined;
      listening.ended.then(
        () => (ended = "as if all were well"),
        () => (ended = "broken off"),
      );
      await stage.kill();
      await stage.eventually(
        "the stream has broken off or gives a hint",
        () => ended !== undefined || listening.seen.length > from,
      );
      assert.notEqual(ended, "as if all were well", "an outage ends the stream without an error");
      if (ended !== undefined) {
        const again = await listen(stage);
        assert.ok(again !== undefined);
        await stage.currentOnce("exited");
        await stage.runtime.start(stage.longRunning("r1"), stage.signal);
        const by = (): Promise<void> => stage.kill();
        await hinted(stage, again, { what: "an end, in a new stream,", id: stage.id, by });
        await endOf(stage, again);
      } else await endOf(stage, listening);
    },
  },
];
