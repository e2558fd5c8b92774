import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { roles, rpcRoles } from "@persys/transports";
import { AgentService } from "@persys/transports/gen";
import { describe, expect, it } from "vitest";
import { securityOptions } from "../../src/config/security-options.ts";
import { type AccessPolicy, readPolicy, ruleFor } from "../../src/security/access/access-policy.ts";

const path = fileURLToPath(new URL("../../../../docs/security.md", import.meta.url));
const text = readFileSync(path, "utf8");

/** The methods that the row of a role in the table of roles names. */
function methodsOf(role: string): readonly string[] {
  const row = new RegExp(`^\\| \`${role}\` \\| (.*) \\|$`, "m").exec(text)?.[1] ?? "";
  return Array.from(row.matchAll(/`([A-Z]\w+)`/g), ([, name = ""]) => name);
}

function example(): AccessPolicy {
  const [, yaml = ""] = /^```yaml\n(# \/etc\/persys\/access\.yaml.*?)^```$/ms.exec(text) ?? [];
  const read = readPolicy(yaml);
  if (!read.ok) throw new Error(read.problems.join("\n"));
  return read.policy;
}

describe("docs/security.md", () => {
  it("has the least role of every method", () => {
    for (const role of roles) {
      const needing = Object.entries(rpcRoles).filter(([, needed]) => needed === role);
      const names = Object.values(AgentService.method)
        .filter(({ localName }) => needing.some(([name]) => name === localName))
        .map(({ name }) => name);

      expect(methodsOf(role).toSorted(), role).toEqual(names.toSorted());
    }
  });

  it("has an access file that can be used, and does what is said of it", () => {
    const policy = example();

    const roleOf = (...names: readonly string[]) => ruleFor(policy, names)?.role;
    expect(roleOf("spiffe://persys.local/scheduler", "cn:persys-scheduler")).toBe("admin");
    expect(ruleFor(policy, ["token:ci"])).toMatchObject({ workloads: { ids: ["ci-*"] } });
    expect(ruleFor(policy, ["sub:bob", "group:team-blue"])).toMatchObject({
      role: "operator",
      workloads: { labels: { team: "blue" } },
    });
    // The first that fits counts.
    expect(roleOf("cn:blue-deployer", "ou:operations")).toBe("operator");
    expect(roleOf("sub:alice@example.com")).toBe("viewer");
    expect(roleOf("dns:monitoring.example")).toBe("viewer");
    expect(roleOf("cn:somebody")).toBeUndefined();
    expect(policy.tokens.map(({ name }) => name)).toEqual(["ci"]);
    expect(policy.jwt[0]).toMatchObject({ issuer: "https://login.example", groupsClaim: "groups" });
  });

  it("names every variable and default of the files of TLS", () => {
    for (const { env, standard } of [
      securityOptions.tlsCert,
      securityOptions.tlsKey,
      securityOptions.tlsCa,
      securityOptions.tlsCrl,
    ]) {
      for (const name of env) expect(text).toContain(`\`${name}\``);
      if (standard !== "none") expect(text).toContain(`\`${standard}\``);
    }
    expect(text).toContain(`\`${securityOptions.accessFile.env[0]}\``);
  });

  it("names files that are there", () => {
    const links = [...text.matchAll(/\]\((\.\.\/deploy\/[^)#]+)\)/g)].map(([, to = ""]) => to);

    expect(links).toHaveLength(2);
    for (const link of links)
      expect(readFileSync(new URL(link, `file://${path}`), "utf8")).not.toBe("");
  });
});
