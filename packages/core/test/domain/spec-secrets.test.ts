import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/domain/json.ts";
import { secretsIn, withSecrets } from "../../src/domain/spec-secrets.ts";

const anyJson: fc.Arbitrary<Json> = fc
  .jsonValue({ maxDepth: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);

/** A spec, and another in which some values are replaced, left out or added: whatever a runtime may make of it. */
const specAndRedacted: fc.Arbitrary<readonly [Json, Json]> = fc
  .tuple(anyJson, fc.infiniteStream(fc.nat({ max: 9 })))
  .map(([spec, choices]) => [spec, redactedBy(spec, choices)]);

function redactedBy(spec: Json, choices: Iterator<number>): Json {
  const choice = choices.next().value as number;
  if (choice === 0) return "<redacted>";
  if (Array.isArray(spec)) {
    const items = spec as readonly Json[];
    return (choice === 1 ? items.slice(1) : items).map((item) => redactedBy(item, choices));
  }
  if (typeof spec !== "object" || spec === null) return spec;
  const members = Object.entries(spec).filter(() => choices.next().value !== 1);
  const added = choice === 2 ? ([["added", true]] as const) : [];
  return Object.fromEntries([
    ...members.map(([name, value]) => [name, redactedBy(value ?? null, choices)] as const),
    ...added,
  ]);
}

describe("the secrets of a spec", () => {
  it("are whatever its runtime shows otherwise", () => {
    const spec = { env: { A: "1", B: "<redacted>" }, list: [{ key: "k" }, 2], plain: true };
    const redacted = {
      env: { A: "<redacted>", B: "<redacted>" },
      list: [{ key: "<redacted>" }, 2],
      plain: true,
    };

    expect(secretsIn(spec, redacted)).toEqual([
      { path: ["env", "A"], value: "1" },
      { path: ["list", 0, "key"], value: "k" },
    ]);
    expect(secretsIn(spec, spec)).toEqual([]);
  });

  it("are all that is missing from what is shown, which says none of them", () => {
    fc.assert(
      fc.property(specAndRedacted, ([spec, redacted]) => {
        expect(withSecrets(redacted, secretsIn(spec, redacted))).toEqual(spec);
      }),
    );
  });

  it("may be under names that every object has", () => {
    const spec = JSON.parse('{"__proto__":{"constructor":"a"},"toString":"b"}') as Json;
    const redacted = JSON.parse('{"__proto__":{"constructor":"x"}}') as Json;

    const secrets = secretsIn(spec, redacted);

    expect(JSON.stringify(withSecrets(redacted, secrets))).toBe(JSON.stringify(spec));
  });
});
