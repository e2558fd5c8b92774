import { Code } from "@connectrpc/connect";
import { ActualState, DesiredState } from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import { demand, refusal, same } from "./judge.ts";

/** How requests see that they came too late, and how an apply waits. */
export const generationRules: readonly ApiRule[] = [
  {
    id: "expected-generation",
    clause: "API-020",
    level: "MUST",
    title: "an expected generation that is not the current one is ABORTED and changes nothing",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      const { generation } = await stage.status(id);
      const current = Number(generation);
      const update = { spec: stage.workloads.longRunning(2), revisionId: "r2" };

      for (const expectedGeneration of [0, current + 1, current + 100])
        await refusal(stage.apply(id, { ...update, expectedGeneration }), Code.Aborted);
      same((await stage.status(id)).generation, generation, "nothing has changed");
      const updated = await stage.apply(id, { ...update, expectedGeneration: current });
      demand(updated.applied, "the current generation is accepted", updated);
      await refusal(
        stage.apply(id, { desired: DesiredState.STOPPED, expectedGeneration: current }),
        Code.Aborted,
      );
    },
  },
  {
    id: "expected-generation-of-a-new-id",
    clause: "API-021",
    level: "MUST",
    title: "expected generation 0 creates, and any other refuses what does not exist",
    async check(stage) {
      const id = stage.id("a");
      const wish = { spec: stage.workloads.longRunning(1), revisionId: "r1" };

      await refusal(stage.apply(id, { ...wish, expectedGeneration: 7 }), Code.Aborted);
      same(await stage.find(id), undefined, "what was refused is not there");
      demand((await stage.apply(id, { ...wish, expectedGeneration: 0 })).applied, "0 creates");
    },
  },
  {
    id: "generation-grows",
    clause: "API-022",
    level: "MUST",
    title: "the generation grows with every accepted change and with nothing else",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      let last = (await stage.status(id)).generation;
      const wishes = [
        { spec: stage.workloads.longRunning(2), revisionId: "r2" },
        { desired: DesiredState.STOPPED },
        { spec: stage.workloads.longRunning(1), revisionId: "r1", desired: DesiredState.STOPPED },
        { desired: DesiredState.RUNNING },
      ];
      for (const wish of wishes) {
        const { status } = await stage.apply(id, wish);
        demand(status.generation > last, "a change makes a greater generation", status);
        last = status.generation;
      }
      await stage.reaches(id, ActualState.RUNNING);
      same((await stage.status(id)).generation, last, "what the agent does makes no generation");
    },
  },
  {
    id: "another-named-revision-needs-its-spec",
    clause: "API-023",
    level: "MUST",
    title: "an apply without a spec that names another revision is ABORTED",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });

      await refusal(
        stage.apply(id, { revisionId: "r2", desired: DesiredState.STOPPED }),
        Code.Aborted,
      );
      same((await stage.status(id)).desiredState, DesiredState.RUNNING, "nothing has changed");
      const named = { revisionId: "r1", desired: DesiredState.STOPPED };
      demand((await stage.apply(id, named)).applied, "the current one may be named");
    },
  },
  {
    id: "no-spec-no-workload",
    clause: "API-024",
    level: "MUST",
    title: "an apply without a spec of an id that does not exist is refused",
    async check(stage) {
      const id = stage.id("a");

      await refusal(stage.apply(id, { desired: DesiredState.STOPPED }), [
        Code.InvalidArgument,
        Code.NotFound,
      ]);
      same(await stage.find(id), undefined, "nothing was made");
    },
  },
  {
    id: "other-type-same-id",
    clause: "API-025",
    level: "MUST",
    title: "another type under the same id is FAILED_PRECONDITION and changes nothing",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      const before = await stage.status(id);

      await refusal(
        stage.apply(id, { spec: stage.workloads.otherType, revisionId: "r2" }),
        Code.FailedPrecondition,
      );
      const after = await stage.status(id);
      same([after.generation, after.type], [before.generation, before.type], "nothing has changed");
    },
  },
  {
    id: "back-to-an-earlier-revision",
    clause: "API-026",
    level: "MUST",
    title: "going back to an earlier revision is an update like any other",
    async check(stage) {
      const { longRunning } = stage.workloads;
      const id = await stage.applied("a", { revisionId: "r1" });
      await stage.apply(id, { spec: longRunning(2), revisionId: "r2" });

      const back = await stage.apply(id, { spec: longRunning(1), revisionId: "r1" });

      demand(back.applied, "it is applied", back);
      same(back.status.revisionId, "r1", "the earlier revision is wanted");
      const status = await stage.reaches(id, ActualState.RUNNING);
      same(status.observedRevisionId, "r1", "and runs");
    },
  },
  {
    id: "wait-answers-settled",
    clause: "API-027",
    level: "MUST",
    title: "an apply that waits answers once the workload has settled",
    async check(stage) {
      const { longRunning, exitsWith } = stage.workloads;
      const [runs, fails] = await Promise.all([
        stage.apply(stage.id("runs"), { spec: longRunning(1), wait: true }),
        stage.apply(stage.id("fails"), { spec: exitsWith(3), wait: true }),
      ]);
      same(runs.status.actualState, ActualState.RUNNING, "what runs on is RUNNING by then");
      same(fails.status.actualState, ActualState.FAILED, "what ended with 3 is FAILED by then");
      same(fails.status.failure?.retryable, false, "for good: it is not started again");
    },
  },
  {
    id: "wait-answers-before-the-deadline",
    clause: "API-028",
    level: "MUST",
    title: "an apply that waits answers just before the deadline of its call, accepted",
    async check(stage) {
      const id = stage.id("a");
      const spec = stage.workloads.longRunning(1);
      const request = { id, spec, wait: true };
      // Whether it has settled by then does not matter: that it is an answer does.
      const answer = await stage.client.applyWorkload(request, { timeoutMs: 5_000 });
      demand(answer.applied, "the answer is that of an accepted apply", answer);
      demand((await stage.find(id)) !== undefined, "what was acknowledged is there");
    },
  },
];
