import { Code, type ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, DesiredState, WorkloadType } from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { unknownDesired, unknownType } from "./enum-values.ts";
import { demand, refusal, same } from "./judge.ts";

const badIds = ["", ".", "..", "../x", "a/b", "-a", ".a", "_a", "a b", "a\n", "ä", "a:b", "a*"];
const tooLongId = "x".repeat(129);

/** What requests are refused for, and that a check alone stores nothing. */
export const validationRules: readonly ApiRule[] = [
  {
    id: "validate-only-stores-nothing",
    clause: "API-030",
    level: "MUST",
    title: "validate_only answers as the apply would and stores nothing",
    async check(stage) {
      const id = stage.id("a");
      const wish = { spec: stage.workloads.longRunning(1), revisionId: "r1" };

      const checked = await stage.apply(id, { ...wish, validateOnly: true });
      demand(!checked.applied && !checked.skipped, "nothing is applied by a check", checked);
      same(await stage.find(id), undefined, "a check makes no workload");
      const { actions } = await stage.client.listActions({ workloadId: id });
      same(actions.length, 0, "a check leaves nothing in the history");

      await stage.apply(id, wish);
      const before = await stage.status(id);
      const update = { spec: stage.workloads.longRunning(2), revisionId: "r2", validateOnly: true };
      await stage.apply(id, update);
      await stage.apply(id, { desired: DesiredState.STOPPED, validateOnly: true });
      const after = await stage.status(id);
      same(
        [after.generation, after.revisionId, after.desiredState],
        [before.generation, "r1", DesiredState.RUNNING],
        "a check of a change changes nothing",
      );
      const again = await stage.apply(id, { ...wish, validateOnly: true });
      demand(again.skipped, "a check of what is already so says skipped", again);
    },
  },
  {
    id: "validate-only-refuses",
    clause: "API-031",
    level: "MUST",
    title: "validate_only refuses what the apply would refuse",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      const { invalid, longRunning, otherType } = stage.workloads;
      const check = { validateOnly: true, revisionId: "r1" };

      await refusal(stage.apply(id, { ...check, spec: longRunning(2) }), Code.Aborted);
      await refusal(
        stage.apply(id, { ...check, spec: longRunning(1), expectedGeneration: 99 }),
        Code.Aborted,
      );
      await refusal(stage.apply(id, { ...check, spec: otherType }), Code.FailedPrecondition);
      await refusal(
        stage.apply(stage.id("b"), { ...check, spec: invalid.spec }),
        Code.InvalidArgument,
      );
    },
  },
  {
    id: "invalid-spec-names-all",
    clause: "API-032",
    level: "MUST",
    title:
      "an invalid spec is INVALID_ARGUMENT, naming every broken rule at once, and stores nothing",
    async check(stage) {
      const id = stage.id("a");
      const { spec, fields } = stage.workloads.invalid;

      const error = await refusal(stage.apply(id, { spec }), Code.InvalidArgument);

      names(error, fields);
      same(await stage.find(id), undefined, "nothing was stored");
    },
  },
  {
    id: "request-and-spec-violations-together",
    clause: "API-033",
    level: "MUST",
    title: "violations of the request and of its spec are named in one answer",
    async check(stage) {
      const { spec, fields } = stage.workloads.invalid;
      const call = stage.client.applyWorkload({ id: "..", revisionId: "a b", spec });

      names(await refusal(call, Code.InvalidArgument), ["id", "revision_id", ...fields]);
    },
  },
  {
    id: "ids-follow-the-grammar",
    clause: "API-034",
    level: "MUST",
    title: "an id outside the grammar is INVALID_ARGUMENT at `id`, in every method",
    async check(stage) {
      const { client } = stage;
      const spec = stage.workloads.longRunning(1);
      for (const id of [...badIds, tooLongId])
        names(
          await refusal(
            client.applyWorkload({ id, spec, validateOnly: true }),
            Code.InvalidArgument,
          ),
          ["id"],
        );
      for (const id of ["", "../x", tooLongId]) {
        names(await refusal(client.deleteWorkload({ id }), Code.InvalidArgument), ["id"]);
        names(await refusal(client.getWorkloadStatus({ id }), Code.InvalidArgument), ["id"]);
      }
    },
  },
  {
    id: "ids-of-the-grammar-are-taken",
    clause: "API-035",
    level: "MUST",
    title: "every id of the grammar is taken, up to 128 characters",
    async check(stage) {
      const spec = stage.workloads.longRunning(1);
      for (const id of ["a", "0", "A.b_c-9", "x".repeat(128)]) {
        const { status } = await stage.apply(id, { spec, validateOnly: true });
        same(status.id, id, "the id is kept as it was sent");
      }
    },
  },
  {
    id: "revision-ids-are-printable",
    clause: "API-036",
    level: "MUST",
    title: "a revision id that is no printable ASCII of at most 128 characters is INVALID_ARGUMENT",
    async check(stage) {
      const spec = stage.workloads.longRunning(1);
      const id = stage.id("a");
      for (const revisionId of ["a b", "ä", "a\tb", "r".repeat(129)]) {
        const call = stage.apply(id, { spec, revisionId, validateOnly: true });
        names(await refusal(call, Code.InvalidArgument), ["revision_id"]);
      }
      await stage.apply(id, { spec, revisionId: "r".repeat(128), validateOnly: true });
    },
  },
  {
    id: "type-agrees-with-spec",
    clause: "API-037",
    level: "MUST",
    title: "a type that is not that of the spec, or none at all, is INVALID_ARGUMENT at `type`",
    async check(stage) {
      const id = stage.id("a");
      const spec = stage.workloads.longRunning(1);
      const other =
        stage.workloads.type === WorkloadType.VM ? WorkloadType.COMPOSE : WorkloadType.VM;
      for (const type of [other, unknownType]) await refusesType(stage, { id, spec, type });
      await stage.client.applyWorkload({
        id,
        spec,
        type: stage.workloads.type,
        validateOnly: true,
      });
    },
  },
  {
    id: "deleted-is-no-wish",
    clause: "API-038",
    level: "MUST",
    title:
      "an apply that wants DELETED, or a state that does not exist, is INVALID_ARGUMENT at `desired_state`",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      for (const desired of [DesiredState.DELETED, unknownDesired]) {
        const call = stage.client.applyWorkload({ id, desiredState: desired });
        names(await refusal(call, Code.InvalidArgument), ["desired_state"]);
      }
      same((await stage.status(id)).desiredState, DesiredState.RUNNING, "nothing has changed");
    },
  },
  {
    id: "spec-holds-a-kind",
    clause: "API-039",
    level: "MUST",
    title: "a spec without a kind is INVALID_ARGUMENT at `spec`",
    async check(stage) {
      const call = stage.apply(stage.id("a"), { spec: {} });
      names(await refusal(call, Code.InvalidArgument), ["spec"]);
    },
  },
];

async function refusesType(
  { client }: ApiStage,
  request: Parameters<ApiStage["client"]["applyWorkload"]>[0],
): Promise<void> {
  names(await refusal(client.applyWorkload(request), Code.InvalidArgument), ["type"]);
}

/** @throws {ContractViolation} unless the error's BadRequest has a violation at, or within, each of the fields. */
function names(error: ConnectError, fields: readonly string[]): void {
  const violations = error.findDetails(BadRequestSchema).flatMap((one) => one.fieldViolations);
  const seen = violations.map(({ field }) => field);
  for (const field of fields) {
    const isNamed = seen.some(
      (one) => one === field || one.startsWith(`${field}.`) || one.startsWith(`${field}[`),
    );
    demand(isNamed, `BadRequest names ${field}`, { named: seen, message: error.rawMessage });
  }
  demand(
    violations.every(({ description }) => description !== ""),
    "every violation says what the rule is",
    violations,
  );
}
