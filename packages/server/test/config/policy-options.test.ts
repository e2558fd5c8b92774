import { describe, expect, it } from "vitest";
import { policyOptions } from "../../src/config/policy-options.ts";

type Name = keyof typeof policyOptions;

function read(name: Name, input: unknown): unknown {
  const result = policyOptions[name].type.read(input);
  return result.ok ? result.value : result.rule;
}

describe("settings of the host policy", () => {
  it.each<readonly [Name, unknown, unknown]>([
    ["allowedHostPaths", "none", []],
    ["allowedHostPaths", "NONE", []],
    ["allowedHostPaths", "/", [{ path: "/", readOnly: false }]],
    ["allowedHostPaths", "//srv/./a/:ro", [{ path: "/srv/a", readOnly: true }]],
    ["allowedHostPaths", "/srv/a:rw", [{ path: "/srv/a", readOnly: false }]],
    ["allowedHostPaths", ["/srv/a,b"], [{ path: "/srv/a,b", readOnly: false }]],
    ["publishedAddresses", "any", "any"],
    ["publishedAddresses", "none", []],
    ["publishedPorts", 443, [{ first: 443, last: 443 }]],
    [
      "publishedPorts",
      [80, "8000-8100"],
      [
        { first: 80, last: 80 },
        { first: 8000, last: 8100 },
      ],
    ],
    ["processUsers", 1000, ["1000"]],
    ["imageRegistries", "index.docker.io/team/", ["docker.io/team"]],
    ["imageRegistries", "localhost:5000,localhost", ["localhost:5000", "localhost"]],
    [
      "gitRepositories",
      "https://Git.Example:443/team/,http://git.lan:80",
      ["git.example/team", "http://git.lan"],
    ],
    [
      "gitRepositories",
      "git.example:8443/team,any.example",
      ["git.example:8443/team", "any.example"],
    ],
    ["allowedCapabilities", "all", ["ALL"]],
  ])("%s takes %j", (name, input, value) => {
    expect(read(name, input)).toEqual(value);
  });

  it.each<readonly [Name, unknown, string]>([
    ["allowedHostPaths", "srv", '"srv" is not'],
    ["allowedHostPaths", "/srv/../etc", "without `..`"],
    ["allowedHostPaths", "/etc/ssl", "no workload gets /etc or anything in it"],
    ["allowedHostPaths", "/srv,/var/run/docker.sock", "no workload gets /var/run/docker.sock"],
    ["allowedHostPaths", ",", "must be none, or"],
    ["allowedHostPaths", [["/srv"]], "must be none, or"],
    ["publishedAddresses", "127.0.0.1,localhost", '"localhost" is not'],
    ["publishedAddresses", "10.0.0.0/33", '"10.0.0.0/33" is not'],
    ["publishedPorts", "0", '"0" is not'],
    ["publishedPorts", "9-8", '"9-8" is not'],
    ["publishedPorts", "65536", '"65536" is not'],
    ["processUsers", "a b", '"a b" is not'],
    ["processUsers", "app:www", '"app:www" is not'],
    ["imageRegistries", "team/app", '"team/app" is not'],
    ["imageRegistries", "ghcr.io/Team", '"ghcr.io/Team" is not'],
    ["gitRepositories", "ssh://git.example", '"ssh://git.example" is not'],
    ["gitRepositories", "user@git.example", '"user@git.example" is not'],
    ["gitRepositories", "git.example?x", '"git.example?x" is not'],
    ["allowedHostNamespaces", "mount", '"mount" is not'],
    ["allowedDevices", "kvm", '"kvm" is not'],
  ])("%s refuses %j and says what it takes", (name, input, rule) => {
    expect(read(name, input)).toContain(rule);
  });
});
