import { Code, type ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  ResourceInfoSchema,
} from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { demand, refusal, same } from "./judge.ts";

/** The domain of the agent's own codes. */
const domain = "persys.dev";

/** What errors carry for machines and people. */
export const errorRules: readonly ApiRule[] = [
  {
    id: "errors-name-their-reason",
    clause: "API-110",
    level: "MUST",
    title: "every error carries ErrorInfo with the agent's own code as its reason",
    async check(stage) {
      const { longRunning, otherType, invalid } = stage.workloads;
      const { client } = stage;
      const id = await stage.applied("a", { revisionId: "r1" });
      const nobody = stage.id("nobody");
      const cases: readonly (readonly [string, () => Promise<unknown>, Code])[] = [
        ["NOT_FOUND", () => client.getWorkloadStatus({ id: nobody }), Code.NotFound],
        [
          "REVISION_CONFLICT",
          () => stage.apply(id, { spec: longRunning(2), revisionId: "r1" }),
          Code.Aborted,
        ],
        ["GENERATION_CONFLICT", () => stage.apply(id, { expectedGeneration: 99 }), Code.Aborted],
        ["TYPE_MISMATCH", () => stage.apply(id, { spec: otherType }), Code.FailedPrecondition],
        ["INVALID_SPEC", () => stage.apply(nobody, { spec: invalid.spec }), Code.InvalidArgument],
        ["INVALID_REQUEST", () => client.deleteWorkload({ id: "../x" }), Code.InvalidArgument],
      ];
      for (const [reason, call, code] of cases) {
        const [info] = (await refusal(call(), code)).findDetails(ErrorInfoSchema);
        same([info?.reason, info?.domain], [reason, domain], `ErrorInfo says ${reason}`);
      }
    },
  },
  {
    id: "conflicts-carry-facts",
    clause: "API-111",
    level: "SHOULD",
    title: "a conflict of generations tells both numbers",
    async check(stage) {
      const id = await stage.applied("a");
      const { generation } = await stage.status(id);
      const error = await refusal(stage.apply(id, { expectedGeneration: 99 }), Code.Aborted);
      const [info] = error.findDetails(ErrorInfoSchema);
      same(
        [info?.metadata["expected"], info?.metadata["actual"]],
        ["99", String(generation)],
        "expected and actual are in the facts",
      );
    },
  },
  {
    id: "not-found-names-the-resource",
    clause: "API-112",
    level: "MUST",
    title: "NOT_FOUND carries ResourceInfo that names the workload",
    async check(stage) {
      const id = stage.id("nobody");
      const error = await refusal(stage.client.getWorkloadStatus({ id }), Code.NotFound);
      const [info] = error.findDetails(ResourceInfoSchema);
      same([info?.resourceType, info?.resourceName], ["workload", id], "type and name");
    },
  },
  {
    id: "precondition-names-the-subject",
    clause: "API-113",
    level: "MUST",
    title: "FAILED_PRECONDITION carries PreconditionFailure that names workload and rule",
    async check(stage) {
      const id = await stage.applied("a");
      const call = stage.apply(id, { spec: stage.workloads.otherType });
      const error = await refusal(call, Code.FailedPrecondition);
      const [violation] = error
        .findDetails(PreconditionFailureSchema)
        .flatMap((one) => one.violations);
      demand(violation !== undefined, "there is a violation", { message: error.rawMessage });
      demand(violation.subject.includes(id), "it names the workload", violation);
      demand(violation.type !== "" && violation.description !== "", "and the rule", violation);
    },
  },
  {
    id: "bad-requests-name-fields",
    clause: "API-114",
    level: "MUST",
    title: "INVALID_ARGUMENT of every method carries BadRequest that names the field",
    async check({ client }) {
      const pages = { pageSize: -1, pageToken: "nonsense" };
      const cases: readonly (readonly [readonly string[], () => Promise<unknown>])[] = [
        [["page_size", "page_token"], () => client.listWorkloads(pages)],
        [["limit", "status"], () => client.listActions({ limit: -1, status: "nonsense" })],
        [["id"], () => client.getWorkloadStatus({ id: ".." })],
        [["id"], () => client.deleteWorkload({ id: ".." })],
      ];
      for (const [fields, call] of cases)
        same(
          badFields(await refusal(call(), Code.InvalidArgument)).toSorted(),
          fields,
          "all fields",
        );
    },
  },
  {
    id: "streams-fail-with-details",
    clause: "API-115",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "a stream that fails says so with the same details",
    async check(stage) {
      const watching = read(stage.client.watchWorkloads({ id: "../x" }));
      const error = await refusal(watching, Code.InvalidArgument);
      same(badFields(error), ["id"], "BadRequest names the field");
      const id = stage.id("nobody");
      const logs = await refusal(read(stage.client.streamLogs({ id })), [
        Code.NotFound,
        Code.Unimplemented,
      ]);
      if (logs.code === Code.NotFound)
        same(logs.findDetails(ResourceInfoSchema)[0]?.resourceName, id, "ResourceInfo names it");
    },
  },
  {
    id: "errors-speak-to-people",
    clause: "API-116",
    level: "SHOULD",
    title: "every error has a sentence for a person that gives away nothing of the inside",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      const other = { spec: stage.workloads.longRunning(2), revisionId: "r1" };
      const calls: readonly (readonly [() => Promise<unknown>, Code])[] = [
        [() => stage.apply(id, other), Code.Aborted],
        [() => stage.client.deleteWorkload({ id: "" }), Code.InvalidArgument],
        [() => stage.status(stage.id("nobody")), Code.NotFound],
      ];
      for (const [call, code] of calls) {
        const { rawMessage } = await refusal(call(), code);
        const speaks = rawMessage.length > 10 && !/\n\s+at |node_modules|\.ts:\d+/.test(rawMessage);
        demand(speaks, "it is a sentence without a stack", { rawMessage });
      }
    },
  },
];

function badFields(error: ConnectError): readonly string[] {
  return error
    .findDetails(BadRequestSchema)
    .flatMap((one) => one.fieldViolations.map(({ field }) => field));
}

/** Reads a stream to its end, and returns how many messages came. */
async function read(
  stream: ReturnType<ApiStage["watch"]> | AsyncIterable<unknown>,
): Promise<number> {
  let messages = 0;
  for await (const _ of stream) messages += 1;
  return messages;
}
