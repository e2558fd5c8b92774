import { Code, ConnectError } from "@connectrpc/connect";
import type { AgentClient } from "@persys/client";
import { ActualState, DesiredState, LogStream } from "@persys/client/contract";
import { ContractViolation } from "../contract-violation.ts";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { demand, refusal, same } from "./judge.ts";

const lines = ["one", "two", "three", "four"];

/** The output of workloads. */
export const logRules: readonly ApiRule[] = [
  {
    id: "logs-hold-what-was-written",
    clause: "API-090",
    level: "MUST",
    needs: "StreamLogs",
    title: "the logs have what was written, in order, as whole lines of standard output, and end",
    async check(stage) {
      const id = await writer(stage);
      if (id === undefined) return;
      const text = await stage.until("the lines are in the logs", async () => {
        const all = await readAll(stage, { id });
        return [all.split("\n").length > lines.length ? all : undefined, all];
      });
      same(text.split("\n").slice(0, lines.length), lines, "in order, from the beginning");
      demand(text.endsWith("\n"), "in whole lines", text);
    },
  },
  {
    id: "logs-tail",
    clause: "API-091",
    level: "MUST",
    needs: "StreamLogs",
    title: "tail_lines gives so many lines from the end, and 0 gives none",
    async check(stage) {
      const id = await writer(stage);
      if (id === undefined) return;
      await stage.until("there are lines", async () => {
        const all = await readAll(stage, { id });
        return [all.split("\n").length > lines.length ? true : undefined, all];
      });
      const tail = (await readAll(stage, { id, tailLines: 2 })).trimEnd().split("\n");
      same(tail.length, 2, "two lines");
      same(await readAll(stage, { id, tailLines: 0 }), "", "none");
    },
  },
  {
    id: "logs-follow",
    clause: "API-092",
    level: "MUST",
    needs: "StreamLogs",
    title: "following delivers what is written from now on, and ends when the workload is removed",
    async check(stage) {
      const id = await writer(stage);
      if (id === undefined) return;
      await stage.reaches(id, ActualState.RUNNING);
      let ticks = 0;
      const reading = stage.client.streamLogs({ id, follow: true, tailLines: 0 });
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), stage.subject.patienceMs);
      try {
        for await (const { data } of reading) {
          if (late.signal.aborted) break;
          ticks += new TextDecoder().decode(data).split("tick").length - 1;
          if (ticks >= 2) await stage.client.deleteWorkload({ id });
        }
      } catch (error) {
        throw new ContractViolation("the stream ends well when the workload goes", {
          cause: error,
        });
      } finally {
        clearTimeout(timer);
      }
      demand(ticks >= 2 && !late.signal.aborted, "what is written arrives, and the end", { ticks });
    },
  },
  {
    id: "logs-are-cancelled",
    clause: "API-093",
    level: "MUST",
    needs: "StreamLogs",
    title: "following ends when it is cancelled",
    async check(stage) {
      const id = await writer(stage);
      if (id === undefined) return;
      const cancelling = new AbortController();
      const reading = stage.client.streamLogs({ id, follow: true }, { signal: cancelling.signal });
      try {
        for await (const _ of reading) cancelling.abort();
        demand(false, "a cancelled stream does not end well");
      } catch (error) {
        if (!(error instanceof ConnectError) || error.code !== Code.Canceled) throw error;
      }
      await stage.status(id);
    },
  },
  {
    id: "logs-of-the-unborn",
    clause: "API-095",
    level: "MUST",
    needs: "StreamLogs",
    title:
      "logs of a workload that has yet to be made are no NOT_FOUND: there are none, and who follows waits",
    async check(stage) {
      const { writes } = stage.workloads;
      if (writes === undefined) return stage.unjudged("no spec of a workload that writes is known");
      const [id, stopped] = [stage.id("a"), stage.id("stopped")];
      const wish = { spec: writes(lines) };
      await stage.apply(stopped, { ...wish, desired: DesiredState.STOPPED });
      same(await readAll(stage, { id: stopped }), "", "there are none");
      await stage.apply(id, wish);
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), stage.subject.patienceMs);
      let text = "";
      try {
        const following = stage.client.streamLogs({ id, follow: true });
        for await (const { data } of following) {
          text += new TextDecoder().decode(data);
          if (text.includes("tick") || late.signal.aborted) break;
        }
      } finally {
        clearTimeout(timer);
      }
      same(
        text.split("\n").slice(0, lines.length),
        lines,
        "who follows is told from the beginning",
      );
    },
  },
  {
    id: "logs-of-nobody",
    clause: "API-094",
    level: "MUST",
    needs: "StreamLogs",
    title: "logs of an unknown id are NOT_FOUND, and a negative tail is INVALID_ARGUMENT",
    async check(stage) {
      await refusal(readAll(stage, { id: stage.id("nobody") }), Code.NotFound);
      const id = await stage.applied("a");
      await refusal(readAll(stage, { id, tailLines: -1 }), Code.InvalidArgument);
    },
  },
];

/** A workload that writes, or undefined where none can be made or its logs cannot be had. */
async function writer(stage: ApiStage): Promise<string | undefined> {
  const { writes } = stage.workloads;
  if (writes === undefined) {
    stage.unjudged("no spec of a workload that writes is known");
    return undefined;
  }
  const id = stage.id("a");
  await stage.apply(id, { spec: writes(lines) });
  await stage.until("it is made", async () => {
    const status = await stage.status(id);
    return [status.observedRevisionId === "" ? undefined : true, status];
  });
  return id;
}

/** Everything that a stream of logs says, which all has to be standard output. */
async function readAll(
  { client }: ApiStage,
  request: Parameters<AgentClient["streamLogs"]>[0],
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const { data, stream } of client.streamLogs(request)) {
    same(stream, LogStream.STDOUT, "it was written to standard output");
    text += decoder.decode(data, { stream: true });
  }
  return text;
}
