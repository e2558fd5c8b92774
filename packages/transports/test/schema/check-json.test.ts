import { type DescMessage, fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  ApplyWorkloadRequestSchema,
  ListWorkloadsRequestSchema,
  StreamLogsRequestSchema,
} from "@persys/transports/gen";
import { checkJson, fieldPath } from "@persys/transports/schema";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

/** `path: rule` of every violation, with paths as clients see them. */
function violationsOf(
  json: unknown,
  schema: DescMessage = ApplyWorkloadRequestSchema,
): readonly string[] {
  return checkJson(schema, json).map((one) => `${fieldPath(schema, one.path)}: ${one.rule}`);
}

describe("checkJson accepts", () => {
  it.each([
    ["an empty request", {}],
    ["snake_case names", { revision_id: "r1", desired_state: "DESIRED_STATE_STOPPED" }],
    ["camelCase names", { revisionId: "r1", desiredState: 2 }],
    ["nulls as absence", { id: null, spec: null, type: null }],
    ["an int64 as a number", { expectedGeneration: 5 }],
    ["an int64 as a string", { expected_generation: "9007199254740993" }],
    [
      "any JSON in a custom spec",
      { spec: { custom: { runtime: "x", spec: { a: [1, { b: null }] } } } },
    ],
    ["a map", { spec: { process: { command: ["sh"], env: { "A B": "" } } } }],
    ["a null member of a spec", { spec: { process: null } }],
  ])("%s", (_, json) => {
    expect(violationsOf(json)).toEqual([]);
    expect(() => fromJson(ApplyWorkloadRequestSchema, json as JsonValue)).not.toThrow();
  });
});

describe("checkJson names", () => {
  it("every violation of a request at once", () => {
    expect(
      violationsOf({
        id: 5,
        tpye: "WORKLOAD_TYPE_PROCESS",
        spec: {
          process: {
            command: "sh",
            args: ["a", 7],
            env: { A: 1 },
            resources: { memory_bytes: "512M", cpuMillicore: 5 },
            restartPolicy: [],
          },
        },
        validate_only: "yes",
      }),
    ).toEqual([
      "id: must be a string",
      "tpye: is not a field of ApplyWorkloadRequest: did you mean type?",
      "spec.process.command: must be a list",
      "spec.process.args[1]: must be a string",
      "spec.process.env.A: must be a string",
      "spec.process.resources.memory_bytes: must be a whole number of 64 bits, beyond 9007199254740991 as a string",
      "spec.process.resources.cpuMillicore: is not a field of ResourceLimits: did you mean cpu_millicores?",
      "spec.process.restart_policy: must be an object",
      "validate_only: must be true or false",
    ]);
  });

  it("both kinds of spec at once", () => {
    expect(violationsOf({ spec: { process: {}, container: {} } })).toEqual([
      "spec.container: cannot be set together with process: give exactly one of container, compose, vm, process, custom",
    ]);
  });

  it("a field that is set in both its forms", () => {
    expect(violationsOf({ revisionId: "a", revision_id: "b" })).toEqual([
      "revision_id: is set twice, as revision_id and in another form",
    ]);
  });

  it("the values that an enum has", () => {
    expect(violationsOf({ desiredState: "RUNNING" })).toEqual([
      "desired_state: must be one of DESIRED_STATE_UNSPECIFIED, DESIRED_STATE_RUNNING, DESIRED_STATE_STOPPED, DESIRED_STATE_DELETED",
    ]);
  });

  it("numbers out of range", () => {
    expect(violationsOf({ page_size: 2 ** 31 }, ListWorkloadsRequestSchema)).toEqual([
      "page_size: must be a whole number from -2147483648 to 2147483647",
    ]);
    expect(violationsOf({ expectedGeneration: 1.5 })).toHaveLength(1);
    expect(violationsOf({ expectedGeneration: 2 ** 64 })).toHaveLength(1);
  });

  it("a time in the wrong form", () => {
    expect(violationsOf({ since: "yesterday" }, StreamLogsRequestSchema)).toEqual([
      "since: must be a time such as 2026-01-31T12:00:00Z",
    ]);
  });

  it.each([[null], [5], ["x"], [[]], [undefined]])("a request that is no object: %j", (json) => {
    expect(violationsOf(json)).toEqual([": must be an object"]);
  });

  it("the fields there are when none is near", () => {
    expect(violationsOf({ spec: { custom: { zzzzzz: 1 } } })).toEqual([
      "spec.custom.zzzzzz: is not a field of CustomSpec, which has runtime, spec",
    ]);
  });

  it("odd keys unambiguously", () => {
    expect(violationsOf({ "a.b": 1, spec: { process: { env: { "x y": 1 } } } })).toEqual([
      expect.stringContaining('["a.b"]: is not a field'),
      'spec.process.env["x y"]: must be a string',
    ]);
  });
});

describe("checkJson", () => {
  it("shows what it saw, but nothing that may be a secret", () => {
    const seen = checkJson(ApplyWorkloadRequestSchema, {
      expectedGeneration: "many",
      spec: { process: { env: { PASSWORD: 12345 }, user: 1000 } },
    }).map((one) => one.seen);

    expect(seen).toEqual(['"many"', "a number", "a number"]);
  });

  it("stops at 1,000 violations", () => {
    const json = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 1]));

    expect(checkJson(ApplyWorkloadRequestSchema, json)).toHaveLength(1_000);
  });

  it("agrees with the decoder on whatever JSON looks like a request", () => {
    fc.assert(
      fc.property(requests, (json) => {
        const accepted = decodes(json);
        expect(checkJson(ApplyWorkloadRequestSchema, json).length === 0).toBe(accepted);
      }),
      { numRuns: 2_000 },
    );
  });

  it("names every unknown key, wherever it is planted", () => {
    const places: readonly (readonly string[])[] = [
      [],
      ["spec"],
      ["spec", "process"],
      ["spec", "process", "resources"],
      ["spec", "process", "restartPolicy"],
    ];
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...places), fc.stringMatching(/^zz[a-z0-9_.]{1,8}$/)), {
          minLength: 1,
          maxLength: 12,
        }),
        (planted) => {
          const json: Tree = {
            id: "a",
            spec: { process: { command: ["sh"], resources: {}, restartPolicy: {} } },
          };
          for (const [place, key] of planted) {
            let at = json;
            for (const name of place) at = at[name] as Tree;
            at[key] = 1;
          }
          const named = checkJson(ApplyWorkloadRequestSchema, json).map((one) =>
            one.path.join("/"),
          );
          const expected = new Set(planted.map(([place, key]) => [...place, key].join("/")));
          expect(named.toSorted()).toEqual([...expected].toSorted());
        },
      ),
    );
  });
});

interface Tree {
  [key: string]: Tree | JsonValue;
}

function decodes(json: JsonValue): boolean {
  try {
    fromJson(ApplyWorkloadRequestSchema, json);
    return true;
  } catch {
    return false;
  }
}

/** Values near the border of what each kind of field takes. */
const scalars = fc.oneof(
  fc.constantFrom<JsonValue>(
    null,
    true,
    0,
    1,
    -1,
    1.5,
    2 ** 31,
    2 ** 53,
    2 ** 63,
    "",
    "1",
    " 1",
    "1e3",
    "x",
    "always",
  ),
  fc.constantFrom<JsonValue>("WORKLOAD_TYPE_PROCESS", "DESIRED_STATE_RUNNING", 100, "NaN"),
  fc.constant<JsonValue>([]),
  fc.constant<JsonValue>({}),
);

function someOf(keys: Readonly<Record<string, fc.Arbitrary<JsonValue>>>): fc.Arbitrary<JsonValue> {
  return fc.record({ ...keys, odd: scalars }, { requiredKeys: [] });
}

const list = fc.oneof(fc.array(scalars, { maxLength: 3 }), scalars);
const map = fc.oneof(fc.dictionary(fc.string({ maxLength: 3 }), scalars, { maxKeys: 3 }), scalars);
const limits = fc.oneof(
  someOf({ memoryBytes: scalars, memory_bytes: scalars, cpuShares: scalars }),
  scalars,
);
const processSpec = someOf({
  command: list,
  args: list,
  env: map,
  user: scalars,
  resources: limits,
  stopGraceSeconds: scalars,
});
const containerSpec = someOf({
  image: scalars,
  ports: fc.oneof(fc.array(someOf({ hostPort: scalars }), { maxLength: 2 }), scalars),
});
const customSpec = someOf({
  runtime: scalars,
  spec: fc.oneof(fc.jsonValue() as fc.Arbitrary<JsonValue>, scalars),
});
const spec = fc.oneof(
  someOf({ process: fc.oneof(processSpec, scalars) }),
  someOf({ container: fc.oneof(containerSpec, scalars), custom: fc.oneof(customSpec, scalars) }),
  scalars,
);
const requests: fc.Arbitrary<JsonValue> = someOf({
  id: scalars,
  type: scalars,
  revisionId: scalars,
  desired_state: scalars,
  spec,
  validateOnly: scalars,
  expectedGeneration: scalars,
});
