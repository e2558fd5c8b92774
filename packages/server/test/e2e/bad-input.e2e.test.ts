import { describe, expect, it } from "vitest";
import { NodeUnderTest } from "../support/node-under-test.ts";

/** Nothing of what is sent here is ever stored: all tests share it. */
const node = await NodeUnderTest.ofFile();

interface Answer {
  readonly httpStatus: number;
  readonly code: string;
  readonly message: string;
  readonly fields: readonly string[];
}

interface ErrorBody {
  readonly code?: string;
  readonly message?: string;
  readonly details?: readonly {
    readonly type: string;
    readonly debug?: { readonly fieldViolations?: readonly { readonly field: string }[] };
  }[];
}

/** What plain HTTP gets, as curl would send it. */
async function post(method: string, body: string): Promise<Answer> {
  const response = await fetch(
    `${node.agent.endpoints().http}/persys.agent.v1.AgentService/${method}`,
    {
      method: "POST",
      headers: {
        authorization: `Bearer ${node.agent.token()}`,
        "content-type": "application/json",
      },
      body,
    },
  );
  const { code = "", message = "", details = [] } = (await response.json()) as ErrorBody;
  const fields = details.flatMap((one) => one.debug?.fieldViolations ?? []).map((one) => one.field);
  return { httpStatus: response.status, code, message, fields };
}

const valid = { process: { command: ["/bin/true"] } };

describe("bad input is refused, naming each field, and nothing is stored", () => {
  it.each([
    ["no id", { spec: valid }, ["id"]],
    ["an id that leaves its folder", { id: "../x", spec: valid }, ["id"]],
    ["an id of 300 characters", { id: "x".repeat(300), spec: valid }, ["id"]],
    ["no spec", { id: "a" }, ["spec"]],
    [
      "both spec kinds at once",
      { id: "a", spec: { ...valid, container: { image: "x" } } },
      ["spec"],
    ],
    [
      "an unknown runtime",
      { id: "a", spec: { custom: { runtime: "nosuch", spec: {} } } },
      ["spec.custom.runtime"],
    ],
    [
      "a type that is not that of the spec",
      { id: "a", type: "WORKLOAD_TYPE_VM", spec: valid },
      ["type"],
    ],
    [
      "unknown fields",
      { id: "a", colour: "red", spec: { process: { command: ["/bin/true"], comand: ["x"] } } },
      ["colour", "spec.process.comand"],
    ],
    [
      "wrong types",
      { id: 7, spec: { process: { command: "/bin/true", env: ["A"] } } },
      ["id", "spec.process.command", "spec.process.env"],
    ],
    [
      "rules broken all over",
      {
        id: "-",
        revision_id: "a b",
        spec: {
          process: {
            command: [],
            env: { "A=B": "x" },
            working_dir: "relative",
            resources: { memory_bytes: "-5" },
            restart_policy: { policy: "sometimes" },
            stop_grace_seconds: 999_999,
          },
        },
      },
      [
        "id",
        "revision_id",
        "spec.process.command",
        "spec.process.env",
        "spec.process.working_dir",
        "spec.process.resources.memory_bytes",
        "spec.process.restart_policy.policy",
        "spec.process.stop_grace_seconds",
      ],
    ],
  ])("%s", async (_, body, fields) => {
    const answer = await post("ApplyWorkload", JSON.stringify(body));

    expect(answer).toMatchObject({ httpStatus: 400, code: "invalid_argument" });
    for (const field of fields)
      expect(
        answer.fields.some(
          (one) => one === field || one.startsWith(`${field}.`) || one.startsWith(`${field}[`),
        ),
        `${field} is named in ${answer.fields.join(", ")}`,
      ).toBe(true);
    expect((await node.client.listWorkloads({})).workloads).toEqual([]);
    expect((await node.client.listActions({})).actions).toEqual([]);
  });

  it("text that is no JSON", async () => {
    expect(await post("ApplyWorkload", "{")).toMatchObject({
      httpStatus: 400,
      code: "invalid_argument",
    });
  });

  it("a body of 10 MB is refused, naming the limit", async () => {
    const body = JSON.stringify({
      id: "a",
      spec: { process: { command: ["/bin/echo", "x".repeat(10_000_000)] } },
    });

    const answer = await post("ApplyWorkload", body);

    expect(answer).toMatchObject({ httpStatus: 429, code: "resource_exhausted" });
    expect(answer.message).toContain("4194304");
    expect((await node.client.listWorkloads({})).workloads).toEqual([]);
  });

  it("an unknown workload is not found, in the words of the contract", async () => {
    for (const method of ["GetWorkloadStatus", "GetWorkload", "ExplainWorkload", "RetryWorkload"]) {
      const answer = await post(method, '{"id":"nobody"}');
      expect(answer).toMatchObject({ httpStatus: 404, code: "not_found" });
      expect(answer.message).toContain("not found");
    }
  });
});
