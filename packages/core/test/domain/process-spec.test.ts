import { anything, array, assert, dictionary, oneof, property, record, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { parseProcessSpec } from "../../src/domain/process-spec.ts";
import { specDigest } from "../../src/domain/spec-digest.ts";

function violations(input: unknown): Record<string, string> {
  const parsed = parseProcessSpec(input);
  if (parsed.ok) return {};
  return Object.fromEntries(parsed.violations.map((found) => [found.path.join("."), found.rule]));
}

describe("parseProcessSpec", () => {
  it("keeps what was sent and fills nothing in", () => {
    const input = {
      command: ["/bin/echo", "a"],
      args: ["", "b c"],
      env: { EMPTY: "", PWD: "/x" },
      resources: { memoryBytes: 8_388_608 },
      restartPolicy: { policy: "on-failure", maxRetryCount: 3 },
      stopGraceSeconds: 0,
      labels: { team: "" },
    };

    expect(parseProcessSpec(input)).toEqual({
      ok: true,
      value: {
        spec: input,
        restart: { kind: "on-failure", maxRetries: 3 },
        stopGraceMs: 0,
        labels: { team: "" },
      },
    });
  });

  it("gives every way of saying nothing one digest", () => {
    const bare = parseProcessSpec({ command: ["true"] });
    const empty = parseProcessSpec({
      command: ["true"],
      args: [],
      env: {},
      workingDir: "",
      user: "",
      resources: {
        cpuShares: 0,
        memoryBytes: 0,
        memorySwapBytes: 0,
        cpuMillicores: 0,
        pidsLimit: 0,
      },
      restartPolicy: { policy: "", maxRetryCount: 0 },
      labels: {},
    });

    if (!bare.ok || !empty.ok) expect.fail("both are valid");
    expect(bare.value.stopGraceMs).toBe(10_000);
    expect(bare.value.restart).toEqual({ kind: "always" });
    expect(specDigest(empty.value.spec)).toBe(specDigest(bare.value.spec));
  });

  it("names every broken rule at once", () => {
    const found = violations({
      command: ["bin/app", "a\0b"],
      args: "x",
      env: { "A=B": "1", "9": "2", GOOD: 3, OPTIND: "x", PERSYS_LAUNCH_1: "x" },
      workingDir: "relative",
      user: "no such user",
      resources: { memoryBytes: 1024, cpuShares: 1.5, disk: 7 },
      restartPolicy: { policy: "sometimes", maxRetryCount: -1 },
      stopGraceSeconds: 3601,
      labels: { a: 1 },
      image: "nginx",
    });

    expect(found).toEqual({
      "command.0": "must be an absolute path, or a name without `/` that is looked up in PATH",
      "command.1": "must not contain a NUL character",
      args: "must be a list",
      "env.A=B": "must be letters, digits and `_`, not starting with a digit, without `=`",
      "env.9": "must be letters, digits and `_`, not starting with a digit, without `=`",
      "env.GOOD": "must be a text",
      "env.OPTIND": "is reserved: use another name",
      "env.PERSYS_LAUNCH_1": "is reserved: use another name",
      workingDir: "must be an absolute path",
      user: "must be the name of a user, a uid, or uid:gid in digits",
      "resources.memoryBytes": "must be at least 4194304 bytes (4 MiB), or 0 for no limit",
      "resources.cpuShares": "must be a whole number",
      "resources.disk": "is not a field of this specification: remove it, or correct its name",
      "restartPolicy.policy": 'must be one of "", "always", "unless-stopped", "on-failure", "no"',
      "restartPolicy.maxRetryCount": "must be at least 0",
      stopGraceSeconds: "must be at most 3600",
      "labels.a": "must be a text",
      image: "is not a field of this specification: remove it, or correct its name",
    });
  });

  it.each([undefined, null, 7, "text", []])("refuses %j, which is no object", (input) => {
    expect(Object.keys(violations(input))).toEqual([""]);
  });

  it("needs a program", () => {
    expect(violations({})).toEqual({ command: "is required: a list" });
    expect(violations({ command: [] })).toEqual({
      command: "must have at least 1 entry: the program to run",
    });
    expect(violations({ command: [""] })).toEqual({ "command.0": "must name the program to run" });
    expect(violations({ command: ["-x"] })).toEqual({ "command.0": "must not start with `-`" });
    expect(violations({ command: ["a\0"] })).toEqual({
      "command.0": "must not contain a NUL character",
    });
  });

  it("needs a limit of memory under a limit of memory and swap", () => {
    const swap = { command: ["true"], resources: { memorySwapBytes: 8_388_608 } };
    expect(violations(swap)).toEqual({
      "resources.memorySwapBytes":
        "needs memoryBytes as well: it is the limit of memory and swap together",
    });
    const less = { ...swap, resources: { ...swap.resources, memoryBytes: 16_777_216 } };
    expect(violations(less)).toEqual({
      "resources.memorySwapBytes":
        "must be at least memoryBytes: it is the limit of memory and swap together",
    });
  });

  it("bounds one text and all of them", () => {
    expect(violations({ command: ["a"], args: ["x".repeat(131_001)] })).toEqual({
      "args.0": "must have at most 131000 bytes",
    });
    expect(violations({ command: ["a"], args: Array(9).fill("x".repeat(130_000)) })).toEqual({
      "": "command, args and env together must have at most 1048576 bytes",
    });
  });

  it("shows the value seen, shortened, but nothing of env", () => {
    const parsed = parseProcessSpec({
      command: ["true"],
      workingDir: `secret${"x".repeat(200)}`,
      env: { PASSWORD: "hunter2\0", "BAD NAME": "hunter2" },
    });
    if (parsed.ok) expect.fail("it is invalid");

    expect(JSON.stringify(parsed.violations)).not.toContain("hunter2");
    const seen = parsed.violations.find((one) => one.path[0] === "workingDir")?.seen;
    expect(seen).toHaveLength(80);
  });

  it("never throws, whatever it is given, and gives what it accepts back as it was", () => {
    const inputs = oneof(
      anything(),
      record({ command: anything(), env: anything(), args: anything() }),
      record({
        command: array(string(), { minLength: 1 }),
        env: dictionary(string(), string()),
      }),
    );
    assert(
      property(inputs, (input) => {
        const parsed = parseProcessSpec(input);
        if (!parsed.ok) {
          expect(parsed.violations.length).toBeGreaterThan(0);
          return;
        }
        const again = parseProcessSpec(parsed.value.spec);
        expect(again).toEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });
});
