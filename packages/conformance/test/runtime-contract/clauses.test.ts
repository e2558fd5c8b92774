import { readFileSync } from "node:fs";
import { runtimeContract, simulatedSubject } from "@persys/conformance";
import { describe, expect, it } from "vitest";

interface Clause {
  readonly level: string;
  readonly isJudged: boolean;
}

const text = readFileSync(
  new URL("../../../../docs/runtime-contract.md", import.meta.url),
  "utf8",
).replaceAll(/\s+/g, " ");

/** Every clause of the document, with the text up to the next one. */
const clauses = new Map<string, Clause>(
  Array.from(
    text.matchAll(/\*\*(RT-\d{3})\*\* (MUST|SHOULD|MAY): (.*?)(?=<a id="rt-|### |## )/g),
  ).map(([, name = "", level = "", body = ""]) => [
    name,
    { level, isJudged: !body.includes("Not judged by the kit: ") },
  ]),
);

const cases = runtimeContract(() => simulatedSubject());

describe("docs/runtime-contract.md", () => {
  it("has every clause once, in order", () => {
    const names = Array.from(text.matchAll(/\*\*(RT-\d{3})\*\*/g), ([, name = ""]) => name);

    expect(names.length).toBeGreaterThan(80);
    expect(names).toEqual([...new Set(names)].toSorted());
    expect(names).toEqual([...clauses.keys()]);
  });

  it("says of every clause that it is not judged, or has cases for it", () => {
    const judged = new Set(cases.map(({ clause }) => clause));
    const inDocument = [...clauses].filter(([, { isJudged }]) => isJudged).map(([name]) => name);

    expect([...judged].toSorted()).toEqual(inDocument);
  });

  it("gives every case its level", () => {
    for (const { id, clause, level } of cases) expect(level, id).toBe(clauses.get(clause)?.level);
  });

  it("has an anchor for every clause, and refers to none that is not there", () => {
    for (const name of clauses.keys()) expect(text).toContain(`<a id="${name.toLowerCase()}">`);
    for (const [name] of text.matchAll(/RT-\d{3}/g)) expect([...clauses.keys()]).toContain(name);
  });
});
