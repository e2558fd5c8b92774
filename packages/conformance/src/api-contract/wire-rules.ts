import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { demand, refusal, same } from "./judge.ts";

const mebibyte = 1024 * 1024;
const callsAtOnce = 100;

/** What holds for calls of every protocol. */
export const wireRules: readonly ApiRule[] = [
  {
    id: "unknown-binary-fields",
    clause: "API-120",
    level: "MUST",
    title: "fields of the binary form that the server does not know are ignored",
    async check(stage) {
      const client = stage.connect({ interceptors: [withUnknownFields] });
      const id = stage.id("a");
      const spec = stage.workloads.longRunning(1);
      demand((await client.applyWorkload({ id, spec, revisionId: "r1" })).applied, "it is applied");
      const again = await stage.apply(id, { spec, revisionId: "r1" });
      demand(again.skipped, "they are no part of the wish", again);
      same((await client.getWorkloadStatus({ id })).status?.id, id, "it is read");
    },
  },
  {
    id: "too-large-a-message",
    clause: "API-121",
    level: "MUST",
    title: "a message of more than 4 MiB is RESOURCE_EXHAUSTED, and the server lives on",
    async check(stage) {
      for (let again = 0; again < 2; again += 1) {
        // A connection of its own: what has yet to be sent may hold up its neighbours.
        const client = stage.connect();
        const call = client.listWorkloads({ pageToken: "x".repeat(5 * mebibyte) });
        await refusal(call, Code.ResourceExhausted);
        await stage.client.healthCheck({});
      }
    },
  },
  {
    id: "large-messages-are-read",
    clause: "API-122",
    level: "MUST",
    title: "a message of just under 4 MiB is read",
    async check(stage) {
      const pageToken = "x".repeat(4 * mebibyte - 1_000);
      await refusal(stage.connect().listWorkloads({ pageToken }), Code.InvalidArgument);
    },
  },
  {
    id: "deadlines-acknowledge-nothing-half",
    clause: "API-123",
    level: "MUST",
    title:
      "an apply that runs into its deadline is done or not done: applied again, it comes to one",
    async check(stage) {
      const spec = stage.workloads.longRunning(1);
      await Promise.all(
        [1, 2, 3, 5, 8, 13, 21].map(async (timeoutMs) => {
          const id = stage.id(`t${timeoutMs}`);
          const request = { id, spec, revisionId: "r1" };
          const call = stage.client.applyWorkload(request, { timeoutMs });
          await comesToOne(stage, id, await ended(call, Code.DeadlineExceeded));
        }),
      );
    },
  },
  {
    id: "cancelled-calls-acknowledge-nothing-half",
    clause: "API-124",
    level: "MUST",
    title: "an apply that is cancelled is done or not done: applied again, it comes to one",
    async check(stage) {
      const spec = stage.workloads.longRunning(1);
      await Promise.all(
        [0, 1, 2, 4, 8, 16].map(async (afterMs) => {
          const id = stage.id(`c${afterMs}`);
          const request = { id, spec, revisionId: "r1" };
          const cancelling = new AbortController();
          const call = stage.client.applyWorkload(request, { signal: cancelling.signal });
          const timer = setTimeout(() => cancelling.abort(), afterMs);
          const answered = await ended(call, Code.Canceled);
          clearTimeout(timer);
          await comesToOne(stage, id, answered);
        }),
      );
    },
  },
  {
    id: "gzip",
    clause: "API-125",
    level: "SHOULD",
    title: "requests compressed with gzip are read",
    async check(stage) {
      const client = stage.connect({ gzip: true });
      const id = stage.id("a");
      const spec = stage.workloads.longRunning(1);
      demand((await client.applyWorkload({ id, spec })).applied, "it is applied");
      demand((await stage.apply(id, { spec })).skipped, "as if it had come uncompressed");
    },
  },
  {
    id: "compressed-bombs",
    clause: "API-126",
    level: "MUST",
    title: "the limit of 4 MiB holds for what a compressed message unpacks to",
    async check(stage) {
      const client = stage.connect({ gzip: true });
      await refusal(client.listWorkloads({ pageToken: "x".repeat(16 * mebibyte) }), [
        Code.ResourceExhausted,
        Code.Unimplemented,
      ]);
      await stage.client.healthCheck({});
    },
  },
  {
    id: "strangers-are-unauthenticated",
    clause: "API-127",
    level: "MUST",
    title: "who brings no token, or a wrong one, is UNAUTHENTICATED and changes nothing",
    async check(stage) {
      const { token } = stage.subject;
      if (token === undefined) return stage.unjudged("the server asks for no token");
      const id = stage.id("a");
      const spec = stage.workloads.longRunning(1);
      for (const wrong of ["", "wrong", token.slice(1), `${token}x`]) {
        const stranger = stage.connect({ token: wrong });
        await refusal(stranger.applyWorkload({ id, spec }), Code.Unauthenticated);
        await refusal(stranger.listWorkloads({}), Code.Unauthenticated);
        await refusal(firstOf(stranger.watchWorkloads({})), [
          Code.Unauthenticated,
          Code.Unimplemented,
        ]);
      }
      same(await stage.find(id), undefined, "nothing was made");
    },
  },
  {
    id: "many-calls-at-once",
    clause: "API-128",
    level: "MUST",
    title: "a hundred calls at the same time are all answered",
    async check(stage) {
      const id = await stage.applied("a");
      const calls = Array.from({ length: callsAtOnce }, () => stage.status(id));
      const statuses = await Promise.all(calls);
      demand(
        statuses.every((one) => one.id === id),
        "each with the answer to its own question",
      );
    },
  },
];

/** Adds fields that no version of the contract has: a number and a text. */
const withUnknownFields: Interceptor = (next) => (request) => {
  if (!request.stream) {
    const $unknown = [
      { no: 99_001, wireType: 0, data: Uint8Array.of(42) },
      { no: 99_002, wireType: 2, data: Uint8Array.of(2, 0x68, 0x69) },
    ];
    Object.assign(request.message, { $unknown });
  }
  return next(request);
};

/** Whether the call was answered well; false when it ended with the code. @throws what else it ends with. */
async function ended(call: Promise<unknown>, code: Code): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof ConnectError && error.code === code) return false;
    throw error;
  }
}

async function comesToOne(stage: ApiStage, id: string, answered: boolean): Promise<void> {
  const spec = stage.workloads.longRunning(1);
  const before = await stage.find(id);
  demand(!answered || before !== undefined, "what was acknowledged is there");
  const again = await stage.apply(id, { spec, revisionId: "r1" });
  demand(before === undefined || again.skipped, "what is there is not applied once more", again);
  same((await stage.status(id)).generation, again.status.generation, "there is one outcome");
}

async function firstOf(stream: AsyncIterable<unknown>): Promise<unknown> {
  for await (const one of stream) return one;
  return undefined;
}
