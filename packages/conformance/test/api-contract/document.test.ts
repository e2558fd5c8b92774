import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { apiContract } from "../../src/api-contract.ts";

const path = fileURLToPath(new URL("../../../../docs/api-contract.md", import.meta.url));
const text = readFileSync(path, "utf8");
const clauses = [...text.matchAll(/^- \*\*(API-\d{3}) (MUST|SHOULD|MAY)\*\*: (.+)\.$/gm)].map(
  ([, clause, level, title]) => ({ clause, level, title }),
);
const cases = apiContract({ endpoint: "http://127.0.0.1", protocol: "grpc" });

describe("the document of the API's contract", () => {
  it("has every clause that a case judges, as binding and in the same words", () => {
    const judged = cases.map(({ clause, level, title }) => ({ clause, level, title }));

    expect(clauses).toEqual(judged.toSorted((a, b) => (a.clause < b.clause ? -1 : 1)));
  });

  it("numbers each clause once, and each has a reason", () => {
    expect(new Set(clauses.map(({ clause }) => clause)).size).toBe(clauses.length);
    for (const { clause } of clauses)
      expect(text).toMatch(new RegExp(String.raw`\*\*${clause ?? ""} .+\n {2}[^ -].{5,}`));
  });

  it("is judged by cases whose ids are unique and can be typed", () => {
    const ids = cases.map(({ id }) => id);

    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
  });
});
