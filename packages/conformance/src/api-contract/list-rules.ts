import { Code } from "@connectrpc/connect";
import type { AgentClient } from "@persys/client";
import { ActualState, DesiredState, WorkloadType } from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { stateName, unknownState, unknownType } from "./enum-values.ts";
import { demand, refusal, same } from "./judge.ts";

type ListRequest = Parameters<AgentClient["listWorkloads"]>[0];

const labelName = "conformance.case";

/** Lists of workloads. */
export const listRules: readonly ApiRule[] = [
  {
    id: "list-is-in-order",
    clause: "API-070",
    level: "MUST",
    title: "a list has every workload once, in order of id",
    async check(stage) {
      const ids = await appliedMany(stage, 5);
      const seen = (await stage.client.listWorkloads({})).workloads.map((one) => one.id);
      same(seen, [...new Set(seen)].toSorted(byCodeUnit), "it is in order, each id once");
      same(only(seen, ids), ids, "all that were applied are in it");
    },
  },
  {
    id: "pages-hold-all",
    clause: "API-071",
    level: "MUST",
    title: "pages have at most the size asked for, and together everything once, in order",
    async check(stage) {
      const ids = await appliedMany(stage, 5);
      for (const pageSize of [1, 2, 1000]) {
        const seen = await pagesOf(stage, { pageSize });
        same(seen, [...new Set(seen)].toSorted(byCodeUnit), "pages are in order, each id once");
        same(only(seen, ids), ids, "all that were applied are on them");
      }
    },
  },
  {
    id: "pages-while-things-change",
    clause: "API-072",
    level: "MUST",
    title: "what stays while others come and go is on the pages exactly once",
    async check(stage) {
      const ids = await appliedMany(stage, 4);
      const first = await stage.client.listWorkloads({ pageSize: 1 });
      const passing = await stage.applied("00-passing", { desired: DesiredState.STOPPED });
      const seen = first.workloads.map((one) => one.id);
      let pageToken = first.nextPageToken;
      for (let page = 0; pageToken !== ""; page += 1) {
        if (page === 1) await stage.client.deleteWorkload({ id: passing });
        const next = await stage.client.listWorkloads({ pageSize: 2, pageToken });
        seen.push(...next.workloads.map((one) => one.id));
        pageToken = next.nextPageToken;
      }
      same(only(seen, ids), ids, "each of those that stay is there once");
    },
  },
  {
    id: "bad-pages-are-refused",
    clause: "API-073",
    level: "MUST",
    title: "a page token that is none and a negative page size are INVALID_ARGUMENT",
    async check({ client }) {
      for (const pageToken of ["nonsense", "%%%", "AAAA"])
        await refusal(client.listWorkloads({ pageSize: 1, pageToken }), Code.InvalidArgument);
      await refusal(client.listWorkloads({ pageSize: -1 }), Code.InvalidArgument);
    },
  },
  {
    id: "list-by-state",
    clause: "API-074",
    level: "MUST",
    title: "a filter of states gives those in one of them and no others",
    async check(stage) {
      const [stopped, running] = await Promise.all([
        stage.applied("stopped", { desired: DesiredState.STOPPED }),
        stage.applied("running"),
      ]);
      await Promise.all([
        stage.reaches(stopped, ActualState.STOPPED),
        stage.reaches(running, ActualState.RUNNING),
      ]);
      const own = [running, stopped];
      const { STOPPED, RUNNING, UNKNOWN } = ActualState;
      same(await listed(stage, { states: [STOPPED] }, own), [stopped], "the stopped one alone");
      same(await listed(stage, { states: [RUNNING] }, own), [running], "the running one alone");
      same(await listed(stage, { states: [UNKNOWN, RUNNING] }, own), [running], "either of two");
      const { workloads } = await stage.client.listWorkloads({ states: [STOPPED] });
      demand(
        workloads.every((one) => one.actualState === STOPPED),
        "nothing else is listed",
        workloads.map((one) => [one.id, stateName(one.actualState)]),
      );
    },
  },
  {
    id: "list-by-type",
    clause: "API-075",
    level: "MUST",
    title: "a filter of type, or of runtime, gives those of it and no others",
    async check(stage) {
      const { type, runtime } = stage.workloads;
      const id = await stage.applied("a", { desired: DesiredState.STOPPED });
      const other = type === WorkloadType.VM ? WorkloadType.COMPOSE : WorkloadType.VM;

      same(await listed(stage, { type }, [id]), [id], "it is listed under its type");
      same(await listed(stage, { type: other }, [id]), [], "and not under another");
      same(await listed(stage, { runtime }, [id]), [id], "it is listed under its runtime");
      same(await listed(stage, { runtime: "no-such-runtime" }, [id]), [], "not under another");
      await refusal(stage.client.listWorkloads({ type: unknownType }), Code.InvalidArgument);
      await refusal(stage.client.listWorkloads({ states: [unknownState] }), Code.InvalidArgument);
    },
  },
  {
    id: "list-by-labels",
    clause: "API-076",
    level: "MUST",
    title: "a filter of labels gives those that carry all of them and no others",
    async check(stage) {
      const mark = stage.random.uid().slice(0, 12).replaceAll(/[-_]/g, "x");
      const labels = (tier: string): Record<string, string> => ({ [labelName]: mark, tier });
      const wish = (tier: string) => ({
        spec: stage.workloads.longRunning(1, labels(tier)),
        desired: DesiredState.STOPPED,
      });
      const [a, b] = [stage.id("a"), stage.id("b")];
      await stage.apply(a, wish("front"));
      await stage.apply(b, wish("back"));
      const { client } = stage;
      const ids = async (request: ListRequest): Promise<readonly string[]> =>
        (await client.listWorkloads(request)).workloads.map((one) => one.id);

      same(await ids({ labels: { [labelName]: mark } }), [a, b], "both carry the one");
      same(await ids({ labels: labels("back") }), [b], "one carries both");
      same(await ids({ labels: { [labelName]: `${mark}x` } }), [], "none carries another value");
      same(
        await pagesOf(stage, { labels: { [labelName]: mark }, pageSize: 1 }),
        [a, b],
        "in pages",
      );
      same((await stage.status(a)).labels["tier"], "front", "a status shows its labels");
    },
  },
  {
    id: "list-agrees-with-status",
    clause: "API-077",
    level: "MUST",
    title: "a list says of a workload what its status says",
    async check(stage) {
      const id = await stage.applied("a", { desired: DesiredState.STOPPED });
      const status = await stage.reaches(id, ActualState.STOPPED);
      const { workloads } = await stage.client.listWorkloads({});
      const inList = workloads.find((one) => one.id === id);
      const parts = (it: typeof status | undefined): unknown => [
        it?.uid,
        it?.generation,
        it?.revisionId,
        it?.desiredState,
        it?.actualState,
      ];
      same(parts(inList), parts(status), "both say the same");
    },
  },
];

/** Ids of workloads that are wanted stopped, in order. */
async function appliedMany(stage: ApiStage, count: number): Promise<readonly string[]> {
  const wish = { desired: DesiredState.STOPPED };
  const names = Array.from({ length: count }, (_, at) => `m${at}`);
  return Promise.all(names.map((name) => stage.applied(name, wish)));
}

/** Every id of all pages, one page after the other. */
async function pagesOf(
  { client }: ApiStage,
  request: ListRequest & { readonly pageSize: number },
): Promise<readonly string[]> {
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await client.listWorkloads({ ...request, pageToken });
    demand(page.workloads.length <= request.pageSize, "a page is no longer than asked for");
    demand(page.workloads.length > 0 || page.nextPageToken === "", "no page but the last is empty");
    seen.push(...page.workloads.map((one) => one.id));
    demand(page.nextPageToken !== pageToken || pageToken === "", "pages go on");
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return seen;
}

/** Which of `own` a list has. */
async function listed(
  { client }: ApiStage,
  request: ListRequest,
  own: readonly string[],
): Promise<readonly string[]> {
  const { workloads } = await client.listWorkloads(request);
  return only(
    workloads.map((one) => one.id),
    own,
  );
}

function only(seen: readonly string[], own: readonly string[]): readonly string[] {
  return seen.filter((one) => own.includes(one));
}

function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
