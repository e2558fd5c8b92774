import assert from "node:assert/strict";
import { isWorkloadId, type ParsedSpec, specDigest } from "@persys/core";
import { anything, asyncProperty, check } from "fast-check";
import { ContractViolation } from "../contract-violation.ts";
import type { RuntimePromise } from "./runtime-promise.ts";
import type { RuntimeStage } from "./runtime-stage.ts";

const secret = "s3cr3t-Xq7Zk9Vw";

/** So much of a secret in a row is too much. */
const shownCharsMax = 4;

function holdsPieceOfSecret(text: string): boolean {
  return Array.from({ length: secret.length - shownCharsMax }, (_, at) =>
    secret.slice(at, at + shownCharsMax + 1),
  ).some((piece) => text.includes(piece));
}

/** The parsed spec of a long-running program. */
function parsedSpec({ runtime, subject }: RuntimeStage, input?: unknown): ParsedSpec {
  const parsed = runtime.parseSpec(input ?? subject.specs.longRunning("a"));
  assert.ok(parsed.ok, `the subject's own spec is refused: ${JSON.stringify(parsed)}`);
  return parsed.value;
}

/** The subject's spec with a secret in it; undefined, and said so, where it has none. */
function secretiveSpec(stage: RuntimeStage): ParsedSpec | undefined {
  const input = stage.subject.specs.secretive?.(secret);
  if (input !== undefined) return parsedSpec(stage, input);
  stage.unjudged("spec with a secret (specs.secretive)");
  return undefined;
}

function asObject(spec: unknown): Readonly<Record<string, unknown>> {
  assert.ok(typeof spec === "object" && spec !== null, "a spec is an object");
  return { ...spec };
}

/** What a runtime says of specs, without looking at the host. */
export const specPromises: readonly RuntimePromise[] = [
  {
    id: "type-is-a-name",
    clause: "RT-001",
    level: "MUST",
    title: "the type follows the grammar of a name",
    check: async ({ runtime }) => assert.ok(isWorkloadId(runtime.type), runtime.type),
  },
  {
    id: "capabilities-are-true",
    clause: "RT-002",
    level: "MUST",
    title: "every capability that is declared is there, and no other",
    check: async ({ subject: { runtime } }) => {
      assert.equal(runtime.events !== undefined, runtime.capabilities.events, "events");
      assert.equal(runtime.logs !== undefined, runtime.capabilities.logs, "logs");
      assert.equal(runtime.usage !== undefined, runtime.capabilities.usage, "usage");
    },
  },
  {
    id: "spec-is-its-own-spec",
    clause: "RT-003",
    level: "MUST",
    title: "a parsed spec is JSON that parses again to the same spec",
    check: async (stage) => {
      const { runtime } = stage;
      const first = parsedSpec(stage);
      assert.deepEqual(runtime.parseSpec(first.spec), { ok: true, value: first });
      assert.deepEqual(JSON.parse(JSON.stringify(first.spec)), first.spec);
      const reversed = Object.fromEntries(Object.entries(asObject(first.spec)).toReversed());
      assert.deepEqual(parsedSpec(stage, reversed), first, "the order of keys counts");
    },
  },
  {
    id: "specs-are-told-apart",
    clause: "RT-003",
    level: "MUST",
    title: "specs that differ parse to specs that differ",
    check: async (stage) => {
      const digests = ["a", "b", "c"].map((variant) =>
        specDigest(parsedSpec(stage, stage.subject.specs.longRunning(variant)).spec),
      );
      assert.equal(new Set(digests).size, digests.length, digests.join(" / "));
    },
  },
  {
    id: "spec-has-no-defaults",
    clause: "RT-003",
    level: "MUST",
    title: "a parsed spec has no member that the input did not have",
    check: async (stage) => {
      const input = stage.subject.specs.longRunning("a");
      const { spec } = parsedSpec(stage, input);
      const given = new Set(Object.keys(asObject(input)));
      const added = Object.keys(asObject(spec)).filter((it) => !given.has(it));
      assert.deepEqual(added, [], "members were added");
    },
  },
  {
    id: "spec-is-pure",
    clause: "RT-004",
    level: "MUST",
    title: "parsing and redacting change nothing that they are given",
    check: async (stage) => {
      const { longRunning, secretive } = stage.subject.specs;
      for (const input of [longRunning("a"), secretive?.(secret)]) {
        if (input === undefined) continue;
        const before = JSON.stringify(input);
        const parsed = parsedSpec(stage, input);
        assert.equal(JSON.stringify(input), before, "parseSpec changed its input");
        const spec = JSON.stringify(parsed.spec);
        stage.runtime.redactSpec(parsed.spec);
        assert.equal(JSON.stringify(parsed.spec), spec, "redactSpec changed its input");
        assert.deepEqual(parsedSpec(stage, input), parsed, "the same input parses differently");
      }
    },
  },
  {
    id: "spec-refuses-unknown-keys",
    clause: "RT-005",
    level: "MUST",
    title: "every unknown key of a spec is named, all at once",
    check: async ({ runtime, subject }) => {
      const spec = asObject(subject.specs.longRunning("a"));
      const parsed = runtime.parseSpec({ ...spec, noSuchKeyA: 1, noSuchKeyB: "x" });
      assert.ok(!parsed.ok, "unknown keys are accepted");
      const paths = parsed.violations.map((it) => it.path.join("."));
      assert.ok(paths.includes("noSuchKeyA") && paths.includes("noSuchKeyB"), paths.join(", "));
    },
  },
  {
    id: "spec-names-inherited-keys",
    clause: "RT-005",
    level: "MUST",
    title: "a key named like a member that every object has is an unknown key like any other",
    check: async ({ runtime, subject }) => {
      for (const key of ["constructor", "valueOf", "toString", "hasOwnProperty"]) {
        const spec = { ...asObject(subject.specs.longRunning("a")), [key]: [] };
        const parsed = runtime.parseSpec(spec);
        assert.ok(!parsed.ok, `${key} is accepted`);
        const paths = parsed.violations.map((it) => it.path.join("."));
        assert.ok(paths.includes(key), `${key} is refused, but not named: ${paths.join(", ")}`);
      }
    },
  },
  {
    id: "spec-refuses-what-is-none",
    clause: "RT-006",
    level: "MUST",
    title: "an input that is not an object is refused by violations, not by throwing",
    check: async ({ runtime }) => {
      for (const input of [undefined, null, 7, "spec", true, [], [{}]]) {
        const parsed = runtime.parseSpec(input);
        assert.ok(!parsed.ok && parsed.violations.length > 0, `accepted ${JSON.stringify(input)}`);
      }
    },
  },
  {
    id: "spec-takes-any-input",
    clause: "RT-006",
    level: "MUST",
    title: "any input whatever is parsed or refused with violations, never thrown at",
    check: async ({ runtime, context }) => {
      const property = asyncProperty(anything(), async (input) => {
        const parsed = runtime.parseSpec(input);
        if (parsed.ok) JSON.stringify(parsed.value.spec);
        else assert.ok(parsed.violations.every((it) => it.rule !== ""));
      });
      const run = await check(property, { seed: context.seed | 0, numRuns: 200 });
      if (!run.failed) return;
      throw new ContractViolation("parseSpec throws, or refuses without a rule", {
        seen: run.counterexample,
        cause: run.errorInstance,
      });
    },
  },
  {
    id: "spec-says-what-the-engine-needs",
    clause: "RT-007",
    level: "MUST",
    title: "a parsed spec says how it is restarted and stopped",
    check: async (stage) => {
      const { restart, stopGraceMs, labels } = parsedSpec(stage);
      assert.ok(["always", "on-failure", "no"].includes(restart.kind), restart.kind);
      assert.ok(Number.isFinite(stopGraceMs) && stopGraceMs >= 0, `a grace of ${stopGraceMs} ms`);
      assert.ok(Object.values(labels).every((it) => typeof it === "string"));
    },
  },
  {
    id: "secrets-are-redacted",
    clause: "RT-008",
    level: "MUST",
    title: "a redacted spec holds no secret and says where one was",
    check: async (stage) => {
      const parsed = secretiveSpec(stage);
      if (parsed === undefined) return;
      const redacted = stage.runtime.redactSpec(parsed.spec);
      const shown = JSON.stringify(redacted);
      assert.ok(!holdsPieceOfSecret(shown), shown);
      assert.ok(shown.includes("<redacted>"), shown);
      const [kept, members] = [asObject(redacted), asObject(parsed.spec)];
      assert.deepEqual(Object.keys(kept).toSorted(), Object.keys(members).toSorted());
      for (const [key, value] of Object.entries(members))
        if (!JSON.stringify(value).includes(secret)) assert.deepEqual(kept[key], value, key);
    },
  },
  {
    id: "secrets-stay-out-of-refusals",
    clause: "RT-009",
    level: "MUST",
    title: "what is said of a refused spec holds no secret",
    check: async (stage) => {
      if (secretiveSpec(stage) === undefined) return;
      const input = asObject(stage.subject.specs.secretive?.(secret));
      const parsed = stage.runtime.parseSpec({ ...input, noSuchKey: 1 });
      assert.ok(!parsed.ok, "unknown keys are accepted");
      assert.ok(!holdsPieceOfSecret(JSON.stringify(parsed.violations)), "a secret is shown");
    },
  },
  {
    id: "secrets-stay-out-of-observations",
    clause: "RT-009",
    level: "MUST",
    title: "what is seen of a workload holds no secret",
    check: async (stage) => {
      const parsed = secretiveSpec(stage);
      if (parsed === undefined) return;
      const said: string[] = [];
      const target = stage.target("r1", stage.subject.specs.secretive?.(secret));
      await stage.runtime.prepare(target, stage.signal, (sentence) => said.push(sentence));
      await stage.runtime.start(target, stage.signal);
      const seen = [said, await stage.observe(), [...(await stage.list())]];
      assert.ok(!holdsPieceOfSecret(JSON.stringify(seen)), "a secret is shown");
    },
  },
  {
    id: "demands-answer",
    clause: "RT-010",
    level: "MUST",
    title: "demands says what a spec asks of the host, and makes nothing",
    check: async (stage) => {
      const { spec } = stage.longRunning("r1");
      const demands = await stage.runtime.demands(spec, stage.signal);
      assert.ok(demands.cpuMillicores >= 0 && demands.memoryBytes >= 0);
      for (const { path } of demands.hostPaths) assert.ok(path.startsWith("/"), path);
      assert.deepEqual(await stage.runtime.demands(spec, stage.signal), demands);
      await stage.assertNothingLeft();
    },
  },
];
