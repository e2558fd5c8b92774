import { describe, expect, it } from "vitest";
import { redactSpec } from "../../src/compose/redact-spec.ts";

const plain = "# a comment\nservices:\n  web: { image: web:1 }\n";

describe("redactSpec", () => {
  it("hides values of environments, secrets and configs, in both forms, and keeps their names", () => {
    const composeYaml = `
services:
  web:
    image: web:1
    environment: { PASSWORD: hidden-1, EMPTY: }
  db:
    image: db:1
    environment: ["TOKEN=hidden=2", "BARE"]
secrets:
  key: { content: hidden-3 }
configs:
  file: { content: hidden-4 }
`;
    const shown = JSON.stringify(redactSpec({ composeYaml, env: { KEY: "hidden-5" } }));
    expect(shown).not.toContain("hidden");
    for (const name of ["PASSWORD", "TOKEN", "BARE", "KEY", "web:1", "db:1"])
      expect(shown).toContain(name);
    expect(shown.match(/<redacted>/g)).toHaveLength(7);
  });

  it("hides what stands under x-, wherever compose takes that for a note, and keeps its name", () => {
    const composeYaml = `
x-env: &env { PASSWORD: hidden-1 }
x-word: &word hidden-2
services:
  web:
    image: web:1
    environment: { <<: *env, WORD: *word, MODE: hidden-3 }
    x-note: { of: hidden-4 }
    deploy: { x-note: hidden-5, resources: { limits: { x-note: hidden-6 } } }
    healthcheck: { test: [CMD, true], x-note: [hidden-7] }
  x-job:
    image: job:1
volumes:
  data: { x-note: hidden-8 }
`;
    const shown = JSON.stringify(redactSpec({ composeYaml }));
    expect(shown).not.toContain("hidden");
    for (const name of ["x-env", "x-word", "x-note", "PASSWORD", "x-job", "job:1", "CMD"])
      expect(shown).toContain(name);
  });

  it("leaves a file as it was written in which nothing is to be hidden", () => {
    expect(redactSpec({ composeYaml: plain })).toEqual({ composeYaml: plain });
  });

  it("hides a file whole that cannot be read", () => {
    expect(redactSpec({ composeYaml: "a: [" })).toEqual({ composeYaml: "<redacted>" });
  });
});
