import type { HostPolicyRules } from "@persys/core";
import { describe, expect, it } from "vitest";
import { denied, judge } from "./judged.ts";

const field = "git.repository";

describe("repositories of git", () => {
  it.each<readonly [string, HostPolicyRules["gitRepositories"], boolean]>([
    ["https://git.example/team/shop.git", "any", true],
    ["http://git.example/team/shop.git", "any", false],
    ["https://git.example/team/shop.git", [], false],
    ["https://git.example/team/shop.git", ["git.example"], true],
    ["https://git.example/team/shop.git", ["GIT.example/"], true],
    ["https://git.example/team/shop.git", ["git.example/team"], true],
    ["https://git.example/team/shop.git", ["git.example/team/shop"], true],
    ["https://git.example/team-evil/shop.git", ["git.example/team"], false],
    ["https://git.example/Team/shop.git", ["git.example/team"], false],
    ["https://git.example:8443/shop.git", ["git.example"], false],
    ["https://git.example:8443/shop.git", ["git.example:8443"], true],
    ["https://git.example.evil/shop.git", ["git.example"], false],
    ["http://git.example/shop.git", ["git.example"], false],
    ["http://git.example/shop.git", ["http://git.example"], true],
    ["https://git.example/shop.git", ["http://git.example"], false],
    ["https://git.example/team/../other/shop.git", ["git.example/team"], false],
    ["https://git.example/team/..%2fother/shop.git", ["git.example/team"], false],
    ["https://git.example/team/%2e%2e/other/shop.git", ["git.example/team"], false],
    ["https://git.example/team/%252e%252e/shop.git", "any", false],
    ["https://git.example/team/..;/other/shop.git", ["git.example/team"], false],
    ["https://git.example/team/a\\..\\..\\other.git", ["git.example/team"], false],
    ["https://git.example/~me/a_b-c+d@e.git", ["git.example/~me"], true],
    ["https://127.0.0.1/shop.git", "any", false],
    ["https://localhost:8443/shop.git", "any", false],
    ["https://[::1]/shop.git", "any", false],
    ["https://169.254.169.254/shop.git", "any", false],
    ["https://[::ffff:127.0.0.1]/shop.git", "any", false],
    ["https://[fe90::1]:8443/shop.git", "any", false],
    ["https://0.0.0.0/shop.git", "any", false],
    ["https://git.localhost./shop.git", "any", false],
    ["https://10.0.0.1/shop.git", "any", true],
    ["https://127.0.0.1/shop.git", ["127.0.0.1"], true],
    ["no address", ["git.example"], false],
  ])("%s where %j is allowed: %s", (url, gitRepositories, isAllowed) => {
    const rules = denied({ repositories: [{ url, field }] }, { gitRepositories });
    expect(rules).toEqual(isAllowed ? [] : ["git-repository"]);
  });

  it.each<readonly [object, HostPolicyRules["gitRepositories"], boolean]>([
    [{ addresses: ["192.0.2.1", "2001:db8::1"] }, "any", true],
    [{ addresses: ["192.0.2.1", "127.0.0.53"] }, "any", false],
    [{ addresses: ["::1"] }, "any", false],
    [{ addresses: ["::ffff:169.254.169.254"] }, "any", false],
    [{ addresses: ["fe80::1%eth0"] }, "any", false],
    [{ addresses: ["no address"] }, "any", false],
    [{ addresses: ["64:ff9b::7f00:1"] }, "any", false],
    [{ addresses: ["64:ff9b::c000:201"] }, "any", true],
    [{ addresses: ["2002:a9fe:a9fe::1"] }, "any", false],
    [{ addresses: ["2002:c000:201::1"] }, "any", true],
    [{ addresses: ["::169.254.169.254"] }, "any", false],
    [{ addresses: ["10.0.0.5"], ownAddresses: ["10.0.0.6", "fe80::1%eth0"] }, "any", true],
    [{ addresses: ["10.0.0.5"], ownAddresses: ["10.0.0.5"] }, "any", false],
    [{ addresses: ["::ffff:10.0.0.5"], ownAddresses: ["10.0.0.5"] }, "any", false],
    [{ addresses: ["64:ff9b::10.0.0.5"], ownAddresses: ["10.0.0.5"] }, "any", false],
    [{ addresses: ["2001:db8::5"], ownAddresses: ["2001:db8::5"] }, "any", false],
    [{ addresses: ["10.0.0.5"], ownAddresses: ["10.0.0.5"] }, ["git.example"], true],
    [{ addresses: ["127.0.0.1"] }, ["git.example"], true],
    [{ sendsPassword: true }, "any", false],
    [{ sendsPassword: true }, ["git.example/team"], true],
  ])("at %j where %j is allowed: %s", (more, gitRepositories, isAllowed) => {
    const url = "https://git.example/team/shop.git";
    const rules = denied({ repositories: [{ url, field, ...more }] }, { gitRepositories });
    expect(rules).toEqual(isAllowed ? [] : ["git-repository"]);
  });

  it("are denied with the setting and what to add to it", () => {
    const url = "http://git.lan:3000/shop.git";
    const [denial] = judge(
      { repositories: [{ url, field }] },
      { gitRepositories: ["git.example"] },
    );
    expect(denial).toMatchObject({ field, seen: url, setting: "gitRepositories" });
    expect(denial?.message).toContain("only from git.example");
    expect(denial?.message).toContain("add http://git.lan:3000 to gitRepositories");
  });
});
