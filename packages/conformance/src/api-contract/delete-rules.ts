import { Code } from "@connectrpc/connect";
import { ActualState, DesiredState } from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import { demand, refusal, same } from "./judge.ts";

/** How workloads end. */
export const deleteRules: readonly ApiRule[] = [
  {
    id: "delete-of-unknown",
    clause: "API-050",
    level: "MUST",
    title: "deleting an unknown id succeeds and says that there was nothing, any number of times",
    async check(stage) {
      const id = stage.id("nobody");
      for (let again = 0; again < 3; again += 1) {
        const answer = await stage.client.deleteWorkload({ id });
        demand(answer.success && !answer.existed, "it succeeds, and nothing existed", answer);
        demand(answer.message.includes("workload not found"), "it says so in words", answer);
      }
    },
  },
  {
    id: "delete-ends-it",
    clause: "API-051",
    level: "MUST",
    title: "a deleted workload is on its way out in the answer, and then gone from every read",
    async check(stage) {
      const id = await stage.applied("a");
      await stage.reaches(id, ActualState.RUNNING);

      const answer = await stage.client.deleteWorkload({ id });

      demand(answer.success && answer.existed, "it succeeds, and there was one", answer);
      await stage.gone(id);
      await refusal(stage.client.getWorkload({ id }), [Code.NotFound, Code.Unimplemented]);
      const { workloads } = await stage.client.listWorkloads({});
      demand(!workloads.some((one) => one.id === id), "it is listed no more");
      demand(
        !(await stage.client.deleteWorkload({ id })).existed,
        "there is nothing more to delete",
      );
    },
  },
  {
    id: "delete-again",
    clause: "API-052",
    level: "MUST",
    title: "a delete may be repeated while the workload goes, ten times",
    async check(stage) {
      const id = await stage.applied("a");
      for (let again = 0; again < 10; again += 1)
        demand((await stage.client.deleteWorkload({ id })).success, "each of them succeeds");
      await stage.gone(id);
    },
  },
  {
    id: "delete-while-applying",
    clause: "API-053",
    level: "MUST",
    title: "a delete right after an apply, or an update, leaves nothing",
    async check(stage) {
      const [fresh, updated] = [stage.id("fresh"), stage.id("updated")];
      const { longRunning } = stage.workloads;
      await stage.apply(updated, { spec: longRunning(1), revisionId: "r1" });
      await stage.reaches(updated, ActualState.RUNNING);

      await stage.apply(fresh, { spec: longRunning(1) });
      await stage.client.deleteWorkload({ id: fresh });
      await stage.apply(updated, { spec: longRunning(2), revisionId: "r2" });
      await stage.client.deleteWorkload({ id: updated });

      await Promise.all([stage.gone(fresh), stage.gone(updated)]);
    },
  },
  {
    id: "apply-while-deleting",
    clause: "API-054",
    level: "MUST",
    title: "an apply while the id is being deleted is accepted and comes as a new creation",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      const old = await stage.reaches(id, ActualState.RUNNING);

      await stage.client.deleteWorkload({ id });
      const wish = { spec: stage.workloads.longRunning(2), revisionId: "r2" };
      const answer = await stage.apply(id, wish);
      demand(answer.applied, "it is accepted", answer);

      const status = await stage.until("the new creation runs", async () => {
        const now = await stage.find(id);
        const runs = now?.actualState === ActualState.RUNNING && now.uid !== old.uid;
        return [runs ? now : undefined, now];
      });
      same(status.observedRevisionId, "r2", "in the revision that was asked for");
    },
  },
  {
    id: "delete-calls-off-what-waits",
    clause: "API-055",
    level: "MUST",
    title: "a delete after an apply that waits for a deletion leaves nothing",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      await stage.reaches(id, ActualState.RUNNING);

      await stage.client.deleteWorkload({ id });
      await stage.apply(id, { spec: stage.workloads.longRunning(2), revisionId: "r2" });
      await stage.client.deleteWorkload({ id });

      await stage.gone(id);
    },
  },
  {
    id: "id-is-free-again",
    clause: "API-056",
    level: "MUST",
    title: "after a deletion the id is free: also for a known revision id with another spec",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1", desired: DesiredState.STOPPED });
      const { uid } = await stage.status(id);
      await stage.client.deleteWorkload({ id });
      await stage.gone(id);

      const spec = stage.workloads.longRunning(2);
      const answer = await stage.apply(id, { spec, revisionId: "r1", expectedGeneration: 0 });

      demand(answer.applied, "it is applied", answer);
      demand(answer.status.uid !== uid, "it is another creation", answer);
    },
  },
];
