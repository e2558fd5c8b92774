import { ActualState, DesiredState, type WorkloadSpec } from "@persys/client/contract";
import { showing } from "./alter.ts";
import type { ServerMutant } from "./server-mutant.ts";

/** Wrong ways to tell what there is. */
export const readMutants: readonly ServerMutant[] = [
  {
    name: "status-sequence-goes-back",
    breaks: "every other answer has an older observation",
    clauseHint: "API-067",
    handlers: (sound) => {
      let answers = 0;
      const older = showing((status) => {
        answers += 1;
        return answers % 2 === 0 ? { ...status, observedSequence: 0n } : status;
      });
      return older(sound);
    },
  },
  {
    name: "status-keeps-its-generation",
    breaks: "the generation is not raised by changes",
    clauseHint: "API-022",
    handlers: showing((status) => ({ ...status, generation: 1n })),
  },
  {
    name: "status-runs-too-early",
    breaks: "what is wanted to run is said to be RUNNING at once",
    clauseHint: "API-001",
    handlers: showing((status) =>
      status.desiredState === DesiredState.RUNNING
        ? { ...status, actualState: ActualState.RUNNING }
        : status,
    ),
  },
  {
    name: "status-in-milliseconds",
    breaks: "moments are in milliseconds",
    clauseHint: "API-066",
    handlers: showing((status) => ({
      ...status,
      createdAt: status.createdAt * 1000n,
      updatedAt: status.updatedAt * 1000n,
    })),
  },
  {
    name: "get-shows-secrets",
    breaks: "GetWorkload shows the spec as it was sent, secrets and all",
    clauseHint: "API-065",
    handlers: ({ applyWorkload, getWorkload }) => {
      const sent = new Map<string, WorkloadSpec>();
      return {
        async applyWorkload(request, call) {
          const answer = await applyWorkload(request, call);
          if (request.spec !== undefined) sent.set(request.id, request.spec);
          return answer;
        },
        async getWorkload(request, call) {
          const answer = await getWorkload(request, call);
          const spec = sent.get(request.id);
          return spec === undefined ? answer : { ...answer, spec };
        },
      };
    },
  },
  {
    name: "list-ignores-states",
    breaks: "the filter of states is not looked at",
    clauseHint: "API-074",
    handlers: ({ listWorkloads }) => ({
      listWorkloads: (request, call) => listWorkloads({ ...request, states: [] }, call),
    }),
  },
  {
    name: "list-matches-any-label",
    breaks: "of several labels one is enough",
    clauseHint: "API-076",
    handlers: ({ listWorkloads }) => ({
      listWorkloads: (request, call) => {
        const [first] = Object.entries(request.labels);
        const labels = first === undefined ? {} : { [first[0]]: first[1] };
        return listWorkloads({ ...request, labels }, call);
      },
    }),
  },
  {
    name: "list-has-no-order",
    breaks: "a list comes in any order",
    clauseHint: "API-070",
    handlers: ({ listWorkloads }) => ({
      async listWorkloads(request, call) {
        const answer = await listWorkloads(request, call);
        return { ...answer, workloads: answer.workloads.toReversed() };
      },
    }),
  },
  {
    name: "pages-count-from-the-front",
    breaks: "a page token is a number of workloads, so that others that come or go move the pages",
    clauseHint: "API-072",
    handlers: ({ listWorkloads }) => ({
      async listWorkloads(request, call) {
        const { pageSize, pageToken } = request;
        const from = /^\d+$/.test(pageToken) ? Number(pageToken) : undefined;
        if (pageSize <= 0 || (pageToken !== "" && from === undefined)) {
          return listWorkloads(request, call);
        }
        const all = await listWorkloads({ ...request, pageSize: 0, pageToken: "" }, call);
        const end = (from ?? 0) + pageSize;
        const nextPageToken = end < all.workloads.length ? String(end) : "";
        return { ...all, workloads: all.workloads.slice(from ?? 0, end), nextPageToken };
      },
    }),
  },
  {
    name: "pages-lose-one",
    breaks: "the first workload of every page but the first is left out",
    clauseHint: "API-071",
    handlers: ({ listWorkloads }) => ({
      async listWorkloads(request, call) {
        const answer = await listWorkloads(request, call);
        if (request.pageToken === "" || request.pageSize < 2) return answer;
        return { ...answer, workloads: answer.workloads.slice(1) };
      },
    }),
  },
  {
    name: "history-has-one-order",
    breaks: "the history is never newest first",
    clauseHint: "API-101",
    handlers: ({ listActions }) => ({
      listActions: (request, call) => listActions({ ...request, newestFirst: false }, call),
    }),
  },
  {
    name: "retry-is-always-accepted",
    breaks: "a retry is accepted also where nothing has failed",
    clauseHint: "API-107",
    handlers: ({ retryWorkload }) => ({
      retryWorkload: async (request, call) => ({
        ...(await retryWorkload(request, call)),
        accepted: true,
      }),
    }),
  },
  {
    name: "explain-knows-no-difference-from-what-was",
    breaks: "an explanation tells of nothing that was seen",
    clauseHint: "API-108",
    handlers: ({ explainWorkload }) => ({
      explainWorkload: async (request, call) => ({
        ...(await explainWorkload(request, call)),
        observed: [],
      }),
    }),
  },
];
