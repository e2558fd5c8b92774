import { describe, expect, it } from "vitest";
import { secretValueOf } from "../../src/domain/secret-reference.ts";

describe("a value of an environment", () => {
  it.each([
    ["file:/run/secrets/db", { kind: "file", path: "/run/secrets/db" }],
    ["file:///run/secrets/db", { kind: "file", path: "///run/secrets/db" }],
    ["file:/with space\nand line", { kind: "file", path: "/with space\nand line" }],
    ["env:DB_PASSWORD", { kind: "variable", name: "DB_PASSWORD" }],
    ["literal:file:/run/secrets/db", { kind: "literal", text: "file:/run/secrets/db" }],
    ["literal:env:A", { kind: "literal", text: "env:A" }],
    ["literal:literal:x", { kind: "literal", text: "literal:x" }],
    ["literal:", { kind: "literal", text: "" }],
    ["file:./dev.db", { kind: "literal", text: "file:./dev.db" }],
    ["file:dev.db", { kind: "literal", text: "file:dev.db" }],
    ["env:prod-1", { kind: "literal", text: "env:prod-1" }],
    ["env:", { kind: "literal", text: "env:" }],
    ["env:1A", { kind: "literal", text: "env:1A" }],
    [" file:/x", { kind: "literal", text: " file:/x" }],
    ["FILE:/x", { kind: "literal", text: "FILE:/x" }],
    ["", { kind: "literal", text: "" }],
  ])("%j stands for what it says", (value, meant) => {
    expect(secretValueOf(value)).toEqual(meant);
  });
});
