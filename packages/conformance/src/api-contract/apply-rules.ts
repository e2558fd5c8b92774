import { Code } from "@connectrpc/connect";
import { ActualState, DesiredState } from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import { demand, refusal, same } from "./judge.ts";

/** What an apply does to what is wanted. */
export const applyRules: readonly ApiRule[] = [
  {
    id: "apply-answers-the-wish",
    clause: "API-001",
    level: "MUST",
    title: "an apply of a new id answers with the wish as it was stored, on its way",
    async check(stage) {
      const { type, runtime, longRunning } = stage.workloads;
      const id = stage.id("a");

      const answer = await stage.apply(id, { spec: longRunning(1), revisionId: "r1" });

      demand(answer.applied && !answer.skipped, "the answer says applied", answer);
      demand(answer.message !== "", "the answer has a sentence for a person", answer);
      const { status } = answer;
      same(
        [status.id, status.type, status.runtime, status.revisionId, status.desiredState],
        [id, type, runtime, "r1", DesiredState.RUNNING],
        "the status names id, type, runtime, revision and wanted state",
      );
      demand(status.generation >= 1n, "the first generation is at least 1", status);
      demand(status.uid !== "", "the creation has a uid", status);
      same(status.actualState, ActualState.PENDING, "what was just accepted is pending");
    },
  },
  {
    id: "applied-workload-runs",
    clause: "API-002",
    level: "MUST",
    title: "what is wanted to run runs in the wanted revision",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });

      const status = await stage.reaches(id, ActualState.RUNNING);

      same(status.observedRevisionId, "r1", "what runs is the wanted revision");
      same(status.failure, undefined, "nothing failed");
    },
  },
  {
    id: "same-apply-ten-times",
    clause: "API-003",
    level: "MUST",
    title: "the same apply ten times has the effect of one",
    async check(stage) {
      const id = stage.id("a");
      const wish = { spec: stage.workloads.longRunning(1), revisionId: "r1" };
      const first = await stage.apply(id, wish);
      for (let again = 0; again < 9; again += 1) {
        const answer = await stage.apply(id, wish);
        demand(answer.skipped && !answer.applied, "the same apply again is skipped", answer);
        same(
          answer.status.generation,
          first.status.generation,
          "a skipped apply makes no generation",
        );
        same(answer.status.uid, first.status.uid, "it is still the same creation");
      }
      const running = await stage.reaches(id, ActualState.RUNNING);
      await stage.apply(id, wish);
      const after = await stage.status(id);
      same(after.restarts, running.restarts, "a skipped apply restarts nothing");
      same(after.actualState, ActualState.RUNNING, "a skipped apply leaves it running");
    },
  },
  {
    id: "other-spec-same-revision",
    clause: "API-004",
    level: "MUST",
    title: "another spec under the current revision id is ABORTED and changes nothing",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      const before = await stage.status(id);

      const other = { spec: stage.workloads.longRunning(2), revisionId: "r1" };
      await refusal(stage.apply(id, other), Code.Aborted);

      const after = await stage.status(id);
      same([after.generation, after.revisionId], [before.generation, "r1"], "nothing has changed");
      demand(
        (await stage.apply(id, { ...other, spec: stage.workloads.longRunning(1) })).skipped,
        "the first spec is still what is wanted",
      );
    },
  },
  {
    id: "new-revision-updates",
    clause: "API-005",
    level: "MUST",
    title: "a new revision replaces the one before, and runs",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      const first = await stage.reaches(id, ActualState.RUNNING);

      const spec = stage.workloads.longRunning(2);
      const { applied, status } = await stage.apply(id, { spec, revisionId: "r2" });
      demand(applied, "the update is applied");
      same([status.revisionId, status.uid], ["r2", first.uid], "it is the same workload, updated");
      demand(status.generation > first.generation, "an update makes a generation", status);

      await stage.until("the new revision runs", async () => {
        const now = await stage.status(id);
        const runs = now.actualState === ActualState.RUNNING && now.observedRevisionId === "r2";
        return [runs ? true : undefined, now];
      });
    },
  },
  {
    id: "running-means-wanted-revision",
    clause: "API-006",
    level: "MUST",
    title: "RUNNING is never said of a revision that is no longer wanted",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      await stage.reaches(id, ActualState.RUNNING);
      await stage.apply(id, { spec: stage.workloads.longRunning(2), revisionId: "r2" });
      await stage.until("the update has ended", async () => {
        const now = await stage.status(id);
        if (now.actualState !== ActualState.RUNNING) return [undefined, now];
        same(now.observedRevisionId, now.revisionId, "what is RUNNING is the wanted revision");
        return [true];
      });
    },
  },
  {
    id: "derived-revision",
    clause: "API-007",
    level: "MUST",
    title: "without a revision id the revision is derived from the spec",
    async check(stage) {
      const { longRunning } = stage.workloads;
      const [id, other] = [stage.id("a"), stage.id("b")];

      const first = await stage.apply(id, { spec: longRunning(1) });
      demand(first.status.revisionId !== "", "a revision without an id is given one", first);
      demand((await stage.apply(id, { spec: longRunning(1) })).skipped, "the same spec is skipped");
      const twin = await stage.apply(other, { spec: longRunning(1) });
      same(twin.status.revisionId, first.status.revisionId, "the same spec is the same revision");
      const changed = await stage.apply(id, { spec: longRunning(2) });
      demand(changed.applied, "another spec is an update", changed);
      demand(changed.status.revisionId !== first.status.revisionId, "under another id", changed);
    },
  },
  {
    id: "unnamed-spec-keeps-given-name",
    clause: "API-008",
    level: "MUST",
    title:
      "a spec without revision id that equals the current one is skipped, whatever its revision is called",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "given" });

      const again = await stage.apply(id, { spec: stage.workloads.longRunning(1) });

      demand(again.skipped, "it is skipped", again);
      same(again.status.revisionId, "given", "the name stays");
    },
  },
  {
    id: "wanted-state-changes-alone",
    clause: "API-009",
    level: "MUST",
    title: "an apply without a spec changes the wanted state alone, and the workload follows",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      const running = await stage.reaches(id, ActualState.RUNNING);

      const stop = { desired: DesiredState.STOPPED };
      const stopped = await stage.apply(id, stop);
      demand(stopped.applied, "the change is applied", stopped);
      demand(stopped.status.generation > running.generation, "it makes a generation", stopped);
      same(
        [stopped.status.revisionId, stopped.status.desiredState],
        ["r1", DesiredState.STOPPED],
        "the revision stays",
      );
      await stage.reaches(id, ActualState.STOPPED);
      demand((await stage.apply(id, stop)).skipped, "once more is skipped");
      await stage.apply(id, { desired: DesiredState.RUNNING });
      await stage.reaches(id, ActualState.RUNNING);
    },
  },
  {
    id: "applied-stopped",
    clause: "API-010",
    level: "MUST",
    title: "a workload that is wanted stopped from the beginning never runs",
    async check(stage) {
      const id = await stage.applied("a", { desired: DesiredState.STOPPED });

      await stage.until("it is stopped", async () => {
        const now = await stage.status(id);
        demand(now.actualState !== ActualState.RUNNING, "it never runs", now);
        return [now.actualState === ActualState.STOPPED ? true : undefined, now];
      });
    },
  },
  {
    id: "unspecified-means-running",
    clause: "API-011",
    level: "MUST",
    title: "desired state 0 means running and type 0 takes the type from the spec",
    async check(stage) {
      const id = stage.id("a");
      const { status } = await stage.apply(id, {
        spec: stage.workloads.longRunning(1),
        desired: DesiredState.UNSPECIFIED,
      });
      same(status.desiredState, DesiredState.RUNNING, "0 means running");
      same(status.type, stage.workloads.type, "the type comes from the spec");
    },
  },
];
