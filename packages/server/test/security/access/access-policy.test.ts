import { describe, expect, it } from "vitest";
import {
  type AccessPolicy,
  readPolicy,
  ruleFor,
} from "../../../src/security/access/access-policy.ts";

function policyOf(text: string): AccessPolicy {
  const read = readPolicy(`${text}\n...\n`);
  if (!read.ok) throw new Error(read.problems.join("\n"));
  return read.policy;
}

const problemsOf = (text: string): readonly string[] => {
  const read = readPolicy(`${text}\n...`);
  return read.ok ? [] : read.problems;
};

const sample = `
rules:
  - who: [spiffe://persys.local/scheduler, "cn:persys-scheduler"]
    role: admin
  - who: [ou:operators, ci]
    role: operator
    workloads: { ids: [web-*], labels: { team: blue } }
  - who: [group:staff, "dns:Gateway.local"]
    role: viewer
tokens:
  - name: ci
    sha256: ${"AB".repeat(32)}
jwt:
  - issuer: https://login.example
    audience: persys
    jwksFile: /etc/persys/jwks.json
`;

describe("an access file", () => {
  it("says who may do what", () => {
    expect(policyOf(sample)).toMatchObject({
      rules: [
        { role: "admin" },
        { role: "operator", workloads: { ids: ["web-*"], labels: { team: "blue" } } },
        { role: "viewer" },
      ],
      tokens: [{ name: "ci", sha256: "ab".repeat(32) }],
      jwt: [{ issuer: "https://login.example", groupsClaim: "groups" }],
    });
  });

  it("that is empty lets nobody in", () => {
    expect(policyOf("")).toEqual({ rules: [], tokens: [], jwt: [] });
  });

  it.each([
    ["rules: [{ who: [a], role: root }]", "rules[0].role"],
    ["rules: [{ who: [], role: admin }]", "rules[0].who"],
    ["rules: [{ role: admin }]", "rules[0].who"],
    ["rules: [{ who: [a], role: admin, workload: {} }]", "workload"],
    ["rules: [{ who: [a], role: admin, workloads: { id: [b] } }]", "rules[0].workloads"],
    ["tokens: [{ name: ci, sha256: secret }]", "64 hexadecimal digits"],
    ["jwt: [{ issuer: a, audience: b, jwksFile: keys.json }]", "must be an absolute path"],
    ["role: admin", "role"],
    ["- a", "the file"],
    ["rules: [", "line"],
    ["a: 1\na: 2", "unique"],
  ])("is refused where it breaks a rule: %j", (text, told) => {
    expect(problemsOf(text).join("\n")).toContain(told);
  });

  it("is refused with every reason", () => {
    expect(problemsOf("rules: [{ who: [a], role: root }, { who: 3, role: admin }]")).toHaveLength(
      2,
    );
  });

  it("is refused when its end is missing, wherever it was cut off", () => {
    const whole = `${sample}...\n`;
    expect(readPolicy(whole).ok).toBe(true);

    for (let length = 0; length < whole.trimEnd().length; length += 1) {
      const read = readPolicy(whole.slice(0, length));
      expect(read.ok ? whole.slice(0, length) : "refused").toBe("refused");
    }
    expect(readPolicy(sample)).toEqual({
      ok: false,
      problems: [expect.stringContaining("the last line must be ... (three dots)")],
    });
  });

  it("is refused when something stands behind its end", () => {
    const behind = "...\nrules: [{ who: [eve], role: admin }]\n...\n";

    expect(readPolicy(`${sample}${behind}`).ok).toBe(false);
  });

  it("cannot be made to grow without end", () => {
    const lines = Array.from({ length: 12 }, (_, at) =>
      at === 0
        ? "a0: &a0 [x, x]"
        : `a${at}: &a${at} [${Array(9)
            .fill(`*a${at - 1}`)
            .join()}]`,
    );

    expect(problemsOf(lines.join("\n"))).toHaveLength(1);
  });
});

describe("issuers of web tokens", () => {
  const jwt = (...issuers: readonly string[]): string =>
    `jwt: [${issuers.map((one) => `{ ${one}, audience: a, jwksFile: /keys.json }`).join(", ")}]`;

  it("are told apart by names, where there are several", () => {
    const told = problemsOf(jwt("issuer: one", "issuer: two, name: two"));

    expect(told).toEqual([expect.stringMatching(/^jwt\[0\]\.name: is required where/)]);
    const both = jwt("issuer: one, name: same", "issuer: two, name: same");
    expect(problemsOf(both)).toEqual(["jwt[1].name: is that of one already"]);
    expect(problemsOf(jwt("issuer: one, name: a/b"))).toHaveLength(1);
    expect(problemsOf(jwt("issuer: one", "issuer: one"))).toEqual([]);
    const audiences = jwt(
      "issuer: one, name: one",
      "issuer: one, name: one",
      "issuer: two, name: two",
    );
    expect(problemsOf(audiences)).toEqual([]);
  });

  it.each([
    ["sub:one/alice", true],
    ["group:two/a/b", true],
    ["sub:alice", false],
    ["group:three/staff", false],
    ["cn:alice", true],
  ])("make %s a name that a rule may have: %s", (who, isRight) => {
    const issuers = jwt("issuer: one, name: one", "issuer: two, name: two");
    const told = problemsOf(`${issuers}\nrules: [{ who: ["${who}"], role: viewer }]`);

    expect(told).toHaveLength(isRight ? 0 : 1);
    if (!isRight) expect(told[0]).toContain("names no issuer");
  });
});

describe("the rule that fits a caller", () => {
  it.each<[readonly string[], string | undefined]>([
    [["spiffe://persys.local/scheduler", "cn:x"], "admin"],
    [["cn:persys-scheduler"], "admin"],
    [["cn:other", "ou:operators"], "operator"],
    [["cn:ci"], "operator"],
    [["dns:ci"], "operator"],
    [["token:ci"], undefined],
    [["ou:ci"], undefined],
    [["sub:alice", "group:staff"], "viewer"],
    [["cn:ou:operators"], undefined],
    [["spiffe://persys.local/scheduler2"], undefined],
    [[], undefined],
  ])("named %j is that of: %s", (names, role) => {
    expect(ruleFor(policyOf(sample), names)?.role).toBe(role);
  });

  it("is the first one", () => {
    const policy = policyOf("rules: [{ who: [a], role: viewer }, { who: [a], role: admin }]");

    expect(ruleFor(policy, ["cn:a"])?.role).toBe("viewer");
  });
});
