import { Code, ConnectError } from "@connectrpc/connect";
import { ActualState, DesiredState } from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import type { Applied, ApiStage, Wish } from "./api-stage.ts";
import { demand, same } from "./judge.ts";

const atOnce = 12;

/** What requests at the same time come to. */
export const concurrencyRules: readonly ApiRule[] = [
  {
    id: "same-apply-at-once",
    clause: "API-040",
    level: "MUST",
    title: "of equal applies at the same time one is applied and the others are skipped",
    async check(stage) {
      const id = stage.id("a");
      const wish = { spec: stage.workloads.longRunning(1), revisionId: "r1" };

      const { answers, codes } = await allAtOnce(
        stage,
        id,
        Array.from({ length: atOnce }, () => wish),
      );

      same(codes, [], "none is refused");
      same(answers.filter((one) => one.applied).length, 1, "exactly one is applied");
      same(new Set(answers.map((one) => one.status.uid)).size, 1, "there is one creation");
      const { generation } = await stage.status(id);
      demand(
        answers.every((one) => one.status.generation === generation),
        "there is one generation",
        answers.map((one) => one.status.generation),
      );
    },
  },
  {
    id: "conflicting-applies-at-once",
    clause: "API-041",
    level: "MUST",
    title:
      "of different specs under one revision id at the same time one is applied and the others are ABORTED",
    async check(stage) {
      const id = stage.id("a");
      const { longRunning } = stage.workloads;
      const wishes = Array.from({ length: atOnce }, (_, at) => ({
        spec: longRunning(at + 1),
        revisionId: "r1",
      }));

      const { answers, codes } = await allAtOnce(stage, id, wishes);

      same(answers.length, 1, "exactly one is applied");
      same(new Set(codes), new Set([Code.Aborted]), "the others are ABORTED");
      const winner = wishes.findIndex((_, at) => answers[0]?.at === at);
      const again = await stage.apply(id, wishes[winner] ?? {});
      demand(again.skipped, "what was answered to be applied is what is wanted", again);
    },
  },
  {
    id: "one-wins-a-generation",
    clause: "API-042",
    level: "MUST",
    title: "of changes at the same time that expect one generation exactly one is accepted",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r0" });
      const expectedGeneration = Number((await stage.status(id)).generation);
      const wishes = Array.from({ length: atOnce }, (_, at) => ({
        spec: stage.workloads.longRunning(at + 10),
        revisionId: `r${at + 10}`,
        expectedGeneration,
      }));

      const { answers, codes } = await allAtOnce(stage, id, wishes);

      same(answers.length, 1, "exactly one is accepted");
      same(new Set(codes), new Set([Code.Aborted]), "the others are ABORTED");
      const [winner] = answers;
      same((await stage.status(id)).revisionId, winner?.status.revisionId, "and it is wanted");
    },
  },
  {
    id: "changes-at-once-come-to-one",
    clause: "API-043",
    level: "MUST",
    title: "of changes at the same time the one of the greatest generation is what comes",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r0" });
      const wishes = Array.from({ length: 6 }, (_, at) => ({
        spec: stage.workloads.longRunning(at + 10),
        revisionId: `r${at + 10}`,
      }));

      const { answers } = await allAtOnce(stage, id, wishes);

      same(answers.length, wishes.length, "all are accepted");
      const generations = answers.map((one) => one.status.generation);
      // Each answer may already show a later one, but the last is the last.
      const status = await stage.reaches(id, ActualState.RUNNING);
      const last = generations.reduce((max, one) => (one > max ? one : max));
      same(status.generation, last, "the greatest generation that was answered is there");
      same(status.observedRevisionId, status.revisionId, "and its revision runs");
    },
  },
  {
    id: "start-and-stop-at-once",
    clause: "API-044",
    level: "MUST",
    title: "a stop right after a start ends stopped",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });

      await stage.apply(id, { desired: DesiredState.STOPPED });

      await stage.reaches(id, ActualState.STOPPED);
      await stage.apply(id, { desired: DesiredState.RUNNING });
      await stage.reaches(id, ActualState.RUNNING);
    },
  },
];

interface Outcomes {
  /** What was accepted, with its place among the wishes. */
  readonly answers: readonly (Applied & { readonly at: number })[];
  /** What the others failed with. */
  readonly codes: readonly Code[];
}

async function allAtOnce(stage: ApiStage, id: string, wishes: readonly Wish[]): Promise<Outcomes> {
  const settled = await Promise.allSettled(wishes.map((wish) => stage.apply(id, wish)));
  const answers = settled.flatMap((one, at) =>
    one.status === "fulfilled" ? [{ ...one.value, at }] : [],
  );
  const codes = settled.flatMap((one) =>
    one.status === "rejected" ? [ConnectError.from(one.reason).code] : [],
  );
  return { answers, codes };
}
