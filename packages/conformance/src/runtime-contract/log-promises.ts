import assert from "node:assert/strict";
import { AgentError, type LogChunk, type LogOptions } from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";
import type { RuntimeStage } from "./runtime-stage.ts";

const chunkBytesMax = 65_536;

/** What is read of the logs of a workload. */
interface Reading {
  readonly stdout: string;
  readonly stderr: string;
  readonly chunks: readonly LogChunk[];
}

/** All that the logs give, until they end or `isEnough`. */
async function read(
  stage: RuntimeStage,
  options: LogOptions = { follow: false },
  following: {
    readonly signal?: AbortSignal;
    readonly onText?: (stdout: string) => void;
  } = {},
): Promise<Reading> {
  const chunks: LogChunk[] = [];
  const texts = { stdout: "", stderr: "" };
  const signal = following.signal ?? stage.signal;
  for await (const chunk of stage.runtime.logs?.(stage.id, options, signal) ?? []) {
    assert.ok(chunk.data.byteLength <= chunkBytesMax, "a chunk has at most 64 KiB");
    chunks.push(chunk);
    texts[chunk.stream] += Buffer.from(chunk.data).toString("utf8");
    following.onText?.(texts.stdout);
  }
  return { ...texts, chunks };
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((it) => it !== "");
}

/** Starts a program that prints `text`, and waits for that in the logs. False, and told, where there is nothing to judge. */
async function printed(stage: RuntimeStage, text: string): Promise<boolean> {
  if (stage.runtime.logs === undefined) return false;
  const spec = stage.subject.specs.prints?.(text);
  if (spec === undefined) {
    stage.unjudged("program that prints (specs.prints)");
    return false;
  }
  await stage.prepareAndStart(stage.target("r1", spec));
  await stage.eventually("what was printed is in the logs", async () =>
    (await read(stage)).stdout.includes(text),
  );
  return true;
}

const lines = ["first line", "second line", "third line", "fourth line"] as const;

/** Output, where a runtime declares logs. Where it does not, it must not have the method (RT-002). */
export const logPromises: readonly RuntimePromise[] = [
  {
    id: "logs-hold-the-output",
    clause: "RT-090",
    level: "MUST",
    title: "logs give what the program wrote, in order, and end when they are not followed",
    check: async (stage) => {
      if (!(await printed(stage, lines.join("\n")))) return;
      const { stdout, stderr } = await read(stage);
      assert.deepEqual(linesOf(stdout), lines);
      assert.equal(stderr, "");
    },
  },
  {
    id: "logs-outlive-the-program",
    clause: "RT-090",
    level: "MUST",
    title: "logs are there after the program has ended, until it is removed",
    check: async (stage) => {
      if (!(await printed(stage, lines.join("\n")))) return;
      await stage.stop();
      assert.deepEqual(linesOf((await read(stage)).stdout), lines);
    },
  },
  {
    id: "streams-are-told-apart",
    clause: "RT-091",
    level: "MUST",
    title: "what was written to the standard error is told apart from the output",
    check: async (stage) => {
      if (stage.runtime.logs === undefined) return;
      const spec = stage.subject.specs.printsErrors?.("an error");
      if (spec === undefined)
        return stage.unjudged("program that prints errors (specs.printsErrors)");
      await stage.prepareAndStart(stage.target("r1", spec));
      await stage.eventually("the error is in the logs", async () =>
        (await read(stage)).stderr.includes("an error"),
      );
      assert.equal((await read(stage)).stdout, "");
    },
  },
  {
    id: "tails-are-the-last-lines",
    clause: "RT-092",
    level: "MUST",
    title: "with tailLines only so many of the last lines are given",
    check: async (stage) => {
      if (!(await printed(stage, lines.join("\n")))) return;
      for (const tailLines of [1, 2, 100]) {
        const { stdout } = await read(stage, { follow: false, tailLines });
        assert.deepEqual(linesOf(stdout), lines.slice(-tailLines), `the last ${tailLines}`);
      }
    },
  },
  {
    id: "since-is-a-time",
    clause: "RT-093",
    level: "MUST",
    title: "with sinceMs nothing older is given, and all that is not older",
    check: async (stage) => {
      if (!(await printed(stage, lines.join("\n")))) return;
      const { stdout } = await read(stage, { follow: false, sinceMs: 1 });
      assert.deepEqual(linesOf(stdout), lines);
      const later = Date.now() + 3_600_000;
      const { chunks } = await read(stage, { follow: false, sinceMs: later });
      assert.deepEqual(chunks, [], "what was written an hour before is given");
    },
  },
  {
    id: "followed-logs-go-on",
    clause: "RT-094",
    level: "MUST",
    title:
      "followed logs give what is written later, each line once, and end when their signal aborts",
    check: async (stage) => {
      if (stage.runtime.logs === undefined) return;
      const spec = stage.subject.specs.ticks?.();
      if (spec === undefined) return stage.unjudged("program that ticks (specs.ticks)");
      await stage.prepareAndStart(stage.target("r1", spec));
      const stop = new AbortController();
      const reason = new AgentError("CANCELLED", "enough");
      const seen = { text: "" };
      const reading = stage.outcomeOf(
        read(
          stage,
          { follow: true },
          { signal: stop.signal, onText: (text) => void (seen.text = text) },
        ),
        2 * stage.patienceMs,
      );
      await stage.eventually("ten ticks are followed", () => seen.text.includes("tick 10\n"));
      stop.abort(reason);
      const beganMs = performance.now();
      const outcome = await reading;
      if ("thrown" in outcome) assert.equal(outcome.thrown, reason);
      const tookMs = performance.now() - beganMs;
      assert.ok(tookMs <= stage.promptMs, `it ended ${tookMs} ms after its signal`);
      const ticks = linesOf(seen.text).slice(0, 10);
      assert.deepEqual(
        ticks,
        Array.from({ length: 10 }, (_, at) => `tick ${at + 1}`),
      );
    },
  },
  {
    id: "followed-logs-end-with-the-workload",
    clause: "RT-095",
    level: "MUST",
    title: "followed logs end when the workload is removed",
    check: async (stage) => {
      if (!(await printed(stage, lines.join("\n")))) return;
      const seen = { text: "" };
      const reading = stage.outcomeOf(
        read(stage, { follow: true }, { onText: (text) => void (seen.text = text) }),
        2 * stage.patienceMs,
      );
      await stage.eventually("it is followed", () => seen.text.includes(lines[3]));
      await stage.runtime.remove(stage.id, stage.signal);
      const outcome = await reading;
      assert.ok("returned" in outcome, "thrown" in outcome ? String(outcome.thrown) : "");
    },
  },
  {
    id: "no-logs-of-the-absent",
    clause: "RT-096",
    level: "MUST",
    title: "logs of what is not there are NOT_FOUND",
    check: async (stage) => {
      if (stage.runtime.logs === undefined) return;
      for (const follow of [false, true]) {
        const failure = await stage.failureOf(read(stage, { follow }));
        assert.ok(AgentError.hasCode(failure, "NOT_FOUND"), String(failure));
      }
    },
  },
];
