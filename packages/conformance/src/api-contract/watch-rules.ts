import { Code, ConnectError } from "@connectrpc/connect";
import {
  ActualState,
  DesiredState,
  type WatchWorkloadsResponse,
  type WorkloadStatus,
} from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { stateName } from "./enum-values.ts";
import { demand, same } from "./judge.ts";
import { WatchReader } from "./watch-reader.ts";

/** Watches of workloads. */
export const watchRules: readonly ApiRule[] = [
  {
    id: "watch-begins-with-a-snapshot",
    clause: "API-080",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "a watch begins with what there is, once each, and says when that is complete",
    async check(stage) {
      const ids = [await stage.applied("a"), await stage.applied("b")];
      await using reader = new WatchReader(stage, {});

      const beginning = await reader.untilSynced();

      const named = snapshotIds(beginning);
      same(named, [...new Set(named)], "each workload once");
      for (const id of ids) demand(named.includes(id), `the beginning has ${id}`, named);
      const synced = beginning.at(-1);
      demand(synced?.event.case === "synced" && synced.event.value.fresh, "it is a fresh one");
      demand(synced.resumeToken !== "", "its end says where to go on");
    },
  },
  {
    id: "watch-of-one",
    clause: "API-081",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "a watch of one id, which need not exist, speaks of that alone",
    async check(stage) {
      const id = stage.id("a");
      await using reader = new WatchReader(stage, { id });
      same(snapshotIds(await reader.untilSynced()), [], "there is nothing to begin with");

      await stage.applied("other");
      await stage.apply(id, { spec: stage.workloads.longRunning(1) });
      const events = await reader.until((event) => event.event.case === "changed");

      for (const { event } of events)
        if (event.case === "changed") same(event.value.id, id, "only of the id asked for");
    },
  },
  {
    id: "watch-misses-nothing",
    clause: "API-082",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "every accepted change is told, in order, and at last that the workload is gone",
    async check(stage) {
      const id = stage.id("a");
      await using reader = new WatchReader(stage, { id });
      await reader.untilSynced();
      // All at once: between two of them the workload has hardly come further.
      const wishes = Array.from({ length: 6 }, (_, at) => ({
        spec: stage.workloads.longRunning(at),
        revisionId: `r${at}`,
      }));
      await Promise.all(wishes.map((wish) => stage.apply(id, wish)));
      await stage.reaches(id, ActualState.RUNNING);
      await stage.client.deleteWorkload({ id });

      const events = await reader.until((event) => event.event.case === "deleted");

      const told = statuses(events);
      for (const { revisionId } of wishes)
        demand(
          told.some((one) => one.revisionId === revisionId),
          `the apply of ${revisionId} is told`,
          told.map((one) => [one.generation, one.revisionId]),
        );
      demand(
        told.some((one) => one.actualState === ActualState.RUNNING),
        "that it ran is told",
        told.map((one) => stateName(one.actualState)),
      );
      neverBack(told);
    },
  },
  {
    id: "watch-resumes",
    clause: "API-083",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "a watch that is resumed tells what happened meanwhile, and no snapshot",
    async check(stage) {
      const [kept, gone] = [await stage.applied("kept"), await stage.applied("gone")];
      const token = await tokenOf(stage);
      const { status } = await stage.apply(kept, { desired: DesiredState.STOPPED });
      await stage.client.deleteWorkload({ id: gone });
      await stage.gone(gone);

      await using reader = new WatchReader(stage, { resumeToken: token });
      const events = await reader.untilSynced();

      const synced = events.at(-1)?.event;
      if (synced?.case === "synced" && synced.value.fresh) {
        return stage.unjudged("the server had forgotten where the watch was");
      }
      same(snapshotIds(events), [], "there is no snapshot");
      const generation = statuses(events).findLast((one) => one.id === kept)?.generation;
      demand(
        generation !== undefined && generation >= status.generation,
        "the change is told",
        generation,
      );
      const deleted = events.some(
        ({ event }) => event.case === "deleted" && event.value.id === gone,
      );
      demand(deleted, "the deletion is told");
    },
  },
  {
    id: "watch-resumes-without-gap",
    clause: "API-084",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "a watch that is cut off after every event and resumed tells of every change",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r0" });
      let resumeToken = await tokenOf(stage);
      const told: WorkloadStatus[] = [];
      for (let at = 1; at <= 5; at += 1) {
        const wish = { spec: stage.workloads.longRunning(at), revisionId: `r${at}` };
        const { status } = await stage.apply(id, wish);
        await using reader = new WatchReader(stage, { id, resumeToken });
        const isTold = ({ event }: WatchWorkloadsResponse): boolean =>
          (event.case === "changed" || event.case === "snapshot") &&
          event.value.generation >= status.generation;
        const events = await reader.until(isTold);
        told.push(...statuses(events));
        resumeToken = events.at(-1)?.resumeToken ?? "";
      }
      neverBack(told);
    },
  },
  {
    id: "watch-with-unknown-token",
    clause: "API-085",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "an unknown resume token gets a fresh snapshot, marked as such",
    async check(stage) {
      const id = await stage.applied("a");
      for (const resumeToken of ["nonsense", "0.0", "999999.999999"]) {
        await using reader = new WatchReader(stage, { id, resumeToken });
        const events = await reader.untilSynced();
        same(snapshotIds(events), [id], "the snapshot is whole");
        const synced = events.at(-1)?.event;
        demand(synced?.case === "synced" && synced.value.fresh, "and marked as fresh", synced);
      }
    },
  },
  {
    id: "watch-by-state",
    clause: "API-086",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "what leaves the states that are watched is told as deleted from the view",
    async check(stage) {
      const id = await stage.applied("a", { desired: DesiredState.STOPPED });
      const other = await stage.applied("b");
      await stage.reaches(id, ActualState.STOPPED);
      await stage.reaches(other, ActualState.RUNNING);
      await using reader = new WatchReader(stage, { states: [ActualState.STOPPED] });
      const beginning = snapshotIds(await reader.untilSynced());
      demand(beginning.includes(id) && !beginning.includes(other), "only the stopped", beginning);

      await stage.apply(id, { desired: DesiredState.RUNNING });
      const events = await reader.until(
        ({ event }) => event.case === "deleted" && event.value.id === id,
      );
      for (const status of statuses(events))
        same(status.actualState, ActualState.STOPPED, "nothing else is told of");
    },
  },
  {
    id: "watchers-see-the-same",
    clause: "API-087",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "all watchers are told the same",
    async check(stage) {
      const id = stage.id("a");
      await using one = new WatchReader(stage, { id });
      await using two = new WatchReader(stage, { id });
      await Promise.all([one.untilSynced(), two.untilSynced()]);
      await stage.apply(id, { spec: stage.workloads.longRunning(1) });
      await stage.apply(id, { desired: DesiredState.STOPPED });
      await stage.client.deleteWorkload({ id });
      const isGone = ({ event }: WatchWorkloadsResponse): boolean => event.case === "deleted";

      const [first, second] = await Promise.all([one.until(isGone), two.until(isGone)]);

      const story = (events: readonly WatchWorkloadsResponse[]): unknown =>
        statuses(events).map((it) => [it.generation, it.actualState, it.observedSequence]);
      same(story(first), story(second), "both are told the same in the same order");
    },
  },
  {
    id: "watch-ends-on-cancellation",
    clause: "API-088",
    level: "MUST",
    needs: "WatchWorkloads",
    title:
      "a watch stays open while nothing happens and ends when it is cancelled, with no harm to others",
    async check(stage) {
      const id = await stage.applied("a");
      for (let again = 0; again < 30; again += 1) {
        const reader = new WatchReader(stage, { id });
        await reader.untilSynced();
        await reader.cancel();
      }
      await stage.status(id);
    },
  },
  {
    id: "watch-ends-at-its-deadline",
    clause: "API-089",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "a watch with a deadline ends with DEADLINE_EXCEEDED",
    async check({ client }) {
      let synced = false;
      try {
        for await (const { event } of client.watchWorkloads({}, { timeoutMs: 1_500 }))
          synced ||= event.case === "synced";
        demand(false, "a watch does not end by itself");
      } catch (error) {
        if (!(error instanceof ConnectError) || error.code !== Code.DeadlineExceeded) throw error;
      }
      demand(synced, "it had begun");
    },
  },
];

async function tokenOf(stage: ApiStage): Promise<string> {
  await using reader = new WatchReader(stage, {});
  return (await reader.untilSynced()).at(-1)?.resumeToken ?? "";
}

function snapshotIds(events: readonly WatchWorkloadsResponse[]): readonly string[] {
  return events.flatMap(({ event }) => (event.case === "snapshot" ? [event.value.id] : []));
}

function statuses(events: readonly WatchWorkloadsResponse[]): readonly WorkloadStatus[] {
  return events.flatMap(({ event }) =>
    event.case === "changed" || event.case === "snapshot" ? [event.value] : [],
  );
}

/** @throws {ContractViolation} unless generation and observation of one workload never go back. */
function neverBack(told: readonly WorkloadStatus[]): void {
  for (const [at, now] of told.entries()) {
    const before = told[at - 1];
    if (before === undefined) continue;
    const isLater =
      now.observedEpoch > before.observedEpoch ||
      (now.observedEpoch === before.observedEpoch &&
        now.observedSequence >= before.observedSequence);
    demand(now.generation >= before.generation && isLater, "it never goes back", { before, now });
  }
}
