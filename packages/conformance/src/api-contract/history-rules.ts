import { Code } from "@connectrpc/connect";
import { ActualState, type AgentAction, DesiredState } from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { demand, refusal, same } from "./judge.ts";

/** The history of requests, retries, and explanations. */
export const historyRules: readonly ApiRule[] = [
  {
    id: "every-change-is-in-the-history",
    clause: "API-100",
    level: "MUST",
    title: "every accepted request is in the history, with what came of it; skipped ones are not",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      await stage.apply(id, { spec: stage.workloads.longRunning(1), revisionId: "r1" });
      await stage.reaches(id, ActualState.RUNNING);

      const [only, ...more] = await actions(stage, id);

      same(more, [], "there is one entry");
      demand(only !== undefined, "there is an entry");
      same([only.workloadId, only.actionType], [id, "apply_workload"], "it says what and of whom");
      demand(new RegExp(`^apply-${id}-\\d{16,}$`).test(only.taskId), "its id has the form", only);
      const done = await stage.until("the entry is completed", async () => {
        const [now] = await actions(stage, id);
        return [now?.status === "completed" ? now : undefined, now];
      });
      demand(done.createdAt > 0n && done.endedAt >= done.createdAt, "it has its moments", done);
      same(done.error, "", "and no error");
    },
  },
  {
    id: "history-is-filtered",
    clause: "API-101",
    level: "MUST",
    title:
      "the history is in order, the newest first on demand, and filtered by type, status and number",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      await stage.apply(id, { desired: DesiredState.STOPPED });
      await stage.reaches(id, ActualState.STOPPED);
      await stage.client.deleteWorkload({ id });
      await stage.gone(id);

      const all = await actions(stage, id);
      const types = all.map((one) => one.actionType);
      same(types, ["apply_workload", "apply_workload", "delete_workload"], "all of them, in order");
      const seqs = all.map((one) => one.seq);
      same(
        seqs,
        seqs.toSorted((a, b) => Number(a - b)),
        "their positions grow",
      );
      const newest = await actions(stage, id, { newestFirst: true });
      same(
        newest.map((one) => one.seq),
        seqs.toReversed(),
        "the newest first",
      );
      const last = await actions(stage, id, { newestFirst: true, limit: 1 });
      same(
        last.map((one) => one.seq),
        seqs.slice(-1),
        "only one",
      );
      const deletes = await actions(stage, id, { actionType: "delete_workload" });
      same(
        deletes.map((one) => one.seq),
        seqs.slice(-1),
        "only deletes",
      );
      const done = await actions(stage, id, { status: "completed" });
      demand(
        done.every((one) => one.status === "completed"),
        "only completed ones",
        done,
      );
    },
  },
  {
    id: "history-refuses-nonsense",
    clause: "API-102",
    level: "MUST",
    title: "a filter of the history that cannot match is INVALID_ARGUMENT",
    async check({ client }) {
      for (const request of [{ actionType: "nonsense" }, { status: "nonsense" }, { limit: -1 }])
        await refusal(client.listActions(request), Code.InvalidArgument);
    },
  },
  {
    id: "replaced-request-failed",
    clause: "API-103",
    level: "MUST",
    title: "a request that a later one replaces has ended in the history, as failed",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      for (let at = 2; at <= 4; at += 1)
        await stage.apply(id, { spec: stage.workloads.longRunning(at), revisionId: `r${at}` });
      await stage.reaches(id, ActualState.RUNNING);
      const settled = await stage.until("all have ended", async () => {
        const all = await actions(stage, id);
        return [all.every((one) => one.endedAt > 0n) ? all : undefined, all];
      });
      same(settled.length, 4, "all four are there");
      same(settled.at(-1)?.status, "completed", "the last one was completed");
      for (const one of settled.slice(0, -1))
        demand(one.status === "completed" || one.error !== "", "or it says why not", one);
    },
  },
  {
    id: "failure-is-told",
    clause: "API-104",
    level: "MUST",
    title: "a workload that fails for good says why, in status and history",
    async check(stage) {
      const id = stage.id("a");
      await stage.apply(id, { spec: stage.workloads.exitsWith(3) });

      const { failure, message } = await failedForGood(stage, id);

      demand(failure !== undefined && failure.reason !== 0, "it has a reason", failure);
      demand(failure.message !== "" && message !== "", "and a sentence", failure);
      const [last] = await actions(stage, id, { newestFirst: true, limit: 1 });
      same(last?.status, "failed", "the request has failed");
      demand(last?.error !== "", "and says why", last);
    },
  },
  {
    id: "completion-is-no-failure",
    clause: "API-105",
    level: "MUST",
    title: "a workload that ends with 0 and is not to be started again has completed",
    async check(stage) {
      const id = stage.id("a");
      await stage.apply(id, { spec: stage.workloads.exitsWith(0) });
      const status = await stage.reaches(id, ActualState.STOPPED);
      same(status.failure, undefined, "nothing failed");
      const again = await stage.apply(id, { spec: stage.workloads.exitsWith(0) });
      demand(again.skipped, "the same again does not run it again", again);
    },
  },
  {
    id: "retry-tries-again",
    clause: "API-106",
    level: "MUST",
    needs: "RetryWorkload",
    title: "a retry of what failed is accepted, a new generation, and tried",
    async check(stage) {
      const id = stage.id("a");
      await stage.apply(id, { spec: stage.workloads.exitsWith(3) });
      const before = await failedForGood(stage, id);

      const answer = await stage.client.retryWorkload({ id });

      demand(answer.accepted && answer.message !== "", "it is accepted", answer);
      const generation = answer.status?.generation ?? 0n;
      demand(generation > before.generation, "a retry makes a generation", answer);
      const after = await stage.until("it has failed again", async () => {
        const now = await stage.status(id);
        const isOver =
          now.actualState === ActualState.FAILED && now.observedSequence > before.observedSequence;
        return [isOver ? now : undefined, now];
      });
      same(after.generation, generation, "of the generation that was answered");
      const retries = await actions(stage, id, { actionType: "retry_workload" });
      same(retries.length, 1, "it is in the history");
    },
  },
  {
    id: "nothing-to-retry",
    clause: "API-107",
    level: "MUST",
    needs: "RetryWorkload",
    title: "a retry of what has not failed is not accepted and changes nothing",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      const { generation } = await stage.reaches(id, ActualState.RUNNING);

      const answer = await stage.client.retryWorkload({ id });

      demand(!answer.accepted && answer.message !== "", "it says that there is nothing", answer);
      same((await stage.status(id)).generation, generation, "nothing has changed");
    },
  },
  {
    id: "explained",
    clause: "API-108",
    level: "MUST",
    needs: "ExplainWorkload",
    title: "an explanation says what is wanted, what was seen, what differs and what comes next",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      await stage.reaches(id, ActualState.RUNNING);

      const { wanted, observed, differences, next, status } = await stage.client.explainWorkload({
        id,
      });

      same(status?.id, id, "it names the workload");
      same(
        [wanted?.revisionId, wanted?.desiredState],
        ["r1", DesiredState.RUNNING],
        "what is wanted",
      );
      demand(wanted?.specDigest !== "", "with the digest of its spec", wanted);
      same(
        observed.map((one) => one.revisionId),
        ["r1"],
        "what was seen: the one that runs",
      );
      same(differences, [], "nothing stands between them");
      same(next?.step, "settled", "nothing more is to be done");
    },
  },
];

async function actions(
  { client }: ApiStage,
  workloadId: string,
  more: Parameters<ApiStage["client"]["listActions"]>[0] = {},
): Promise<readonly AgentAction[]> {
  return (await client.listActions({ workloadId, ...more })).actions;
}

function failedForGood(stage: ApiStage, id: string): ReturnType<ApiStage["status"]> {
  return stage.until("it has failed for good", async () => {
    const now = await stage.status(id);
    const isOver = now.actualState === ActualState.FAILED && now.failure?.retryable === false;
    return [isOver ? now : undefined, now];
  });
}
