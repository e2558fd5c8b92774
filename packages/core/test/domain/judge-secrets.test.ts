import { safeHostPolicyRules, type SecretFileDemand } from "@persys/core";
import { describe, expect, it } from "vitest";
import { denied, judge } from "./judged.ts";

function file(more: Partial<SecretFileDemand> & { readonly path: string }): {
  readonly secretFiles: readonly SecretFileDemand[];
} {
  return { secretFiles: [{ field: "env.DB", ...more }] };
}

const allowed = {
  allowedSecretFiles: ["/run/secrets", "/etc/app/db.key"],
  protectedPaths: [...safeHostPolicyRules.protectedPaths, "/run/secrets/agent", "/var/lib/persys"],
};

describe("files that a spec refers to", () => {
  it.each([
    ["/run/secrets/db", []],
    ["/run/secrets/a/b", []],
    ["/etc/app/db.key", []],
    ["/run/secrets-evil/db", ["secret-file"]],
    ["/etc/shadow", ["secret-file"]],
    ["/run/secrets/agent/token", ["secret-file"]],
  ])("%s", (path, rules) => {
    expect(denied(file({ path }), allowed)).toEqual(rules);
  });

  it("are denied until they are allowed, with the setting and the way to mean the text itself", () => {
    const [denial] = judge(file({ path: "/run/secrets/db" }));

    expect(denial).toMatchObject({
      rule: "secret-file",
      field: "env.DB",
      seen: "file:/run/secrets/db",
      setting: "allowedSecretFiles",
    });
    expect(denial?.message).toContain("literal:");
  });

  it.each([
    ["through a link of the kernel's", { path: "/run/secrets/db", links: ["/proc/self/fd/3"] }],
    [
      "that is the agent's under another name",
      { path: "/run/secrets/x", aliases: ["/var/lib/persys/token"] },
    ],
    ["behind what cannot be seen", { path: "/run/secrets/x", unresolved: "EACCES" }],
    ["that goes up", { path: "/run/secrets/x", written: "/run/secrets/a/../x" }],
    ["that leads elsewhere", { path: "/srv/elsewhere/key", written: "/run/secrets/link" }],
  ])("one %s is denied", (_, demand) => {
    expect(denied(file(demand), allowed)).toEqual(["secret-file"]);
  });

  it("of the agent's own and of the kernel are denied whatever is allowed", () => {
    const rules = { ...allowed, allowedSecretFiles: ["/var", "/proc", "/dev"] };

    for (const path of ["/var/lib/persys/token", "/proc/self/environ", "/dev/sda"])
      expect(judge(file({ path }), rules)[0]?.setting).toBeUndefined();
  });
});

describe("variables that a spec refers to", () => {
  it.each([
    ["DB", []],
    ["DB2", ["secret-variable"]],
    ["PERSYS_STATE_URL", ["secret-variable"]],
    ["OTEL_EXPORTER_OTLP_HEADERS", ["secret-variable"]],
  ])("%s", (name, rules) => {
    const allowedSecretVariables = ["DB", "PERSYS_STATE_URL", "OTEL_EXPORTER_OTLP_HEADERS"];

    expect(
      denied({ secretVariables: [{ field: "env.X", name }] }, { allowedSecretVariables }),
    ).toEqual(rules);
  });
});
