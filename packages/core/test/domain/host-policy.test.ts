import {
  type AccountDemand,
  type Demands,
  hostPolicyRuleIds,
  type PortDemand,
  parseImageReference,
} from "@persys/core";
import { describe, expect, it } from "vitest";
import { denied, judge, mount, nothing } from "./judged.ts";

function published(more: Partial<PortDemand>): Partial<Demands> {
  const port = { hostIp: "", hostPort: 8080, protocol: "tcp", field: "ports[0]", ...more };
  return { ports: [port] };
}

function account(more: Partial<AccountDemand>): Partial<Demands> {
  return { account: { field: "user", name: "app", uid: 1000, isAgents: false, ...more } };
}

function image(reference: string): Partial<Demands> {
  const parsed = parseImageReference(reference);
  if (!parsed.ok) throw new Error(`no reference: ${reference}`);
  const { registry, repository, digest } = parsed.value;
  const isPinned = digest !== undefined;
  return { images: [{ reference, registry, repository, isPinned, field: "image" }] };
}

describe("grants", () => {
  it("privileged, namespaces, devices and disks of the host are denied until they are allowed", () => {
    const asked: Partial<Demands> = {
      privileged: [{ field: "privileged" }],
      hostNamespaces: [
        { namespace: "network", field: "network" },
        { namespace: "pid", field: "pid" },
      ],
      devices: [{ path: "/dev/kvm", field: "devices[0]" }],
      rawDisks: [{ path: "/dev/sda", field: "disks[0].path" }],
      bridges: [{ name: "br0", field: "networks[0].network" }],
      storagePools: [{ name: "fast", field: "disks[1].pool" }],
    };

    expect(judge(asked).map(({ rule, field, setting }) => [rule, field, setting])).toEqual([
      ["privileged", "privileged", "allowPrivileged"],
      ["host-namespace", "network", "allowedHostNamespaces"],
      ["host-namespace", "pid", "allowedHostNamespaces"],
      ["device", "devices[0]", "allowedDevices"],
      ["raw-disk", "disks[0].path", "allowedRawDisks"],
      ["bridge", "networks[0].network", "allowedBridges"],
      ["storage-pool", "disks[1].pool", "allowedStoragePools"],
    ]);
    expect(
      denied(asked, {
        allowPrivileged: true,
        allowedHostNamespaces: ["network", "pid"],
        allowedDevices: ["/dev/kvm"],
        allowedRawDisks: ["/dev"],
        allowedBridges: ["br0"],
        allowedStoragePools: ["fast"],
      }),
    ).toEqual([]);
  });

  it.each([
    ["NET_BIND_SERVICE", [], []],
    ["cap_chown", [], []],
    ["SYS_ADMIN", [], ["capability"]],
    ["cap_sys_admin", ["SYS_ADMIN"], []],
    ["NET_ADMIN", ["SYS_ADMIN"], ["capability"]],
    ["ALL", ["SYS_ADMIN"], ["capability"]],
    ["ALL", ["ALL"], []],
    ["NET_ADMIN", ["all"], []],
  ])("capability %s where %j are allowed", (name, allowedCapabilities, rules) => {
    const asked = { capabilities: [{ name, field: "capabilities[0]" }] };

    expect(denied(asked, { allowedCapabilities })).toEqual(rules);
  });
});

describe("published ports", () => {
  it.each([
    [8080, [{ first: 8000, last: 8100 }], []],
    [8000, [{ first: 8000, last: 8100 }], []],
    [8100, [{ first: 8000, last: 8100 }], []],
    [8101, [{ first: 8000, last: 8100 }], ["published-port"]],
    [80, [{ first: 1024, last: 65_535 }], ["published-port"]],
    [0, [{ first: 1024, last: 65_535 }], []],
    [0, [{ first: 8000, last: 8100 }], ["published-port"]],
    [
      0,
      [
        { first: 3000, last: 65_535 },
        { first: 1024, last: 2999 },
      ],
      [],
    ],
    [
      0,
      [
        { first: 1024, last: 2999 },
        { first: 3001, last: 65_535 },
      ],
      ["published-port"],
    ],
    [8080, [], ["published-port"]],
  ])("%i of %j", (hostPort, publishedPorts, rules) => {
    expect(denied(published({ hostPort }), { publishedPorts })).toEqual(rules);
  });

  it.each([
    ["127.0.0.1", []],
    ["127.8.9.10", []],
    ["::1", []],
    ["0:0:0:0:0:0:0:1", []],
    ["0000::0001", []],
    ["::ffff:127.0.0.1", []],
    ["::FFFF:7f00:1", []],
    ["10.1.2.3", []],
    ["fd00::1", []],
    ["FD00:0:0::1", []],
    ["fd01::1", ["published-address"]],
    ["11.0.0.1", ["published-address"]],
    ["::ffff:11.0.0.1", ["published-address"]],
    ["::ffff:0.0.0.0", ["published-address"]],
    ["0.0.0.0", ["published-address"]],
    ["::", ["published-address"]],
    ["0::0", ["published-address"]],
    ["", ["published-address"]],
    ["127.1", ["published-address"]],
    ["0177.0.0.1", ["published-address"]],
    ["2130706433", ["published-address"]],
    ["localhost", ["published-address"]],
    ["::1%lo", ["published-address"]],
  ])("address %j", (hostIp, rules) => {
    const publishedAddresses = ["127.0.0.0/8", "::1", "10.0.0.0/8", "fd00::/16"];

    expect(denied(published({ hostIp }), { publishedAddresses })).toEqual(rules);
  });

  it("on all addresses needs all addresses of both kinds", () => {
    expect(denied(published({}), { publishedAddresses: ["0.0.0.0/0"] })).toEqual([
      "published-address",
    ]);
    expect(denied(published({}), { publishedAddresses: ["0.0.0.0/0", "::/0"] })).toEqual([]);
    expect(denied(published({ hostIp: "0.0.0.0" }), { publishedAddresses: ["0.0.0.0/0"] })).toEqual(
      [],
    );
    expect(denied(published({}), { publishedAddresses: ["0.0.0.0", "::"] })).toEqual([]);
    expect(denied(published({ hostIp: "10.0.0.1" }), { publishedAddresses: ["::"] })).toEqual([
      "published-address",
    ]);
    expect(denied(published({ hostIp: "nonsense" }))).toEqual([]);
  });
});

describe("accounts of processes", () => {
  it.each<readonly [Partial<AccountDemand>, readonly string[], boolean]>([
    [{}, ["app"], true],
    [{}, ["1000"], true],
    [{}, ["other"], false],
    [{}, [], false],
    [{}, ["any"], true],
    [{}, ["self"], false],
    [{ isAgents: true }, ["self"], true],
    [{ name: "root", uid: 0, isAgents: true }, ["self"], false],
    [{ name: "root", uid: 0 }, ["any"], false],
    [{ name: "root", uid: 0 }, ["root"], true],
    [{ name: "root", uid: 0 }, ["0"], true],
    [{ name: "toor", uid: 0 }, ["toor"], false],
    [{ otherGid: 33 }, ["app"], false],
    [{ otherGid: 33 }, ["app:33"], true],
    [{ otherGid: 33 }, ["1000:33"], true],
    [{ otherGid: 34 }, ["app:33"], false],
    [{}, ["app:33"], false],
    [{ otherGid: 0 }, ["any"], false],
    [{ otherGid: 33 }, ["any"], true],
    [{ otherGid: 0 }, ["app:0"], true],
    [{ isAgents: true, otherGid: 0 }, ["self"], false],
    [{ name: "nobody-there", uid: undefined }, ["self"], false],
    [{ name: "4294967295", uid: 4_294_967_295 }, ["any", "4294967295"], false],
    [{ otherGid: 4_294_967_295 }, ["any"], false],
  ])("%j of %j", (more, processUsers, isAllowed) => {
    expect(denied(account(more), { processUsers })).toEqual(isAllowed ? [] : ["account"]);
  });
});

describe("images", () => {
  const digest = `sha256:${"a".repeat(64)}`;

  it.each([
    ["busybox", ["docker.io"], []],
    ["docker.io/library/busybox", ["docker.io/library"], []],
    ["index.docker.io/busybox", ["docker.io/library"], []],
    ["docker.io/evil/busybox", ["docker.io/library"], ["image-registry"]],
    ["docker.io/library-evil/busybox", ["docker.io/library"], ["image-registry"]],
    ["ghcr.io/team/app:1", ["ghcr.io/team/"], []],
    ["ghcr.io/teams/app:1", ["ghcr.io/team"], ["image-registry"]],
    ["GHCR.io/team/app:1", ["ghcr.io"], []],
    ["ghcr.io:443/team/app", ["ghcr.io"], ["image-registry"]],
    ["ghcr.io.evil.example/team/app", ["ghcr.io"], ["image-registry"]],
    ["evil.example/ghcr.io/team/app", ["ghcr.io"], ["image-registry"]],
    ["localhost/app", ["docker.io"], ["image-registry"]],
  ])("%s where they come from %j", (reference, imageRegistries, rules) => {
    expect(denied(image(reference), { imageRegistries })).toEqual(rules);
  });

  it.each([
    [`busybox@${digest}`, []],
    [`busybox:1@${digest}`, []],
    ["busybox", ["image-digest"]],
    ["busybox:1", ["image-digest"]],
    [`busybox:sha256-${"a".repeat(64)}`, ["image-digest"]],
    [`sha256:${"a".repeat(64)}`, ["image-digest"]],
  ])("%s where a digest is required", (reference, rules) => {
    expect(denied(image(reference), { requireImageDigest: true })).toEqual(rules);
  });
});

describe("a judgement", () => {
  it("names everything at once, by stable rules, with sentences that say what to do", () => {
    const demands: Demands = {
      ...nothing,
      ...mount("/data"),
      ...published({ hostIp: "1.2.3.4", hostPort: 80 }),
      ...account({ name: "root", uid: 0 }),
      ...image("busybox"),
      privileged: [{ field: "privileged" }],
      capabilities: [{ name: "SYS_ADMIN", field: "capabilities[0]" }],
    };
    const denials = judge(demands, {
      imageRegistries: ["ghcr.io"],
      requireImageDigest: true,
      publishedAddresses: ["127.0.0.0/8"],
    });

    expect(denials.map(({ rule }) => rule)).toEqual([
      "host-path",
      "privileged",
      "capability",
      "published-address",
      "published-port",
      "account",
      "image-registry",
      "image-digest",
    ]);
    for (const { rule, message, setting, seen } of denials) {
      expect(hostPolicyRuleIds).toContain(rule);
      expect(message).toContain(setting);
      expect(seen.length).toBeGreaterThan(0);
    }
  });

  it("finds nothing in a spec that asks for nothing, and little in an everyday container", () => {
    expect(judge({})).toEqual([]);
    expect(judge({ ...published({ hostPort: 8080 }), ...image("busybox") })).toEqual([]);
  });

  it("bounds what it repeats", () => {
    const [denial] = judge(mount(`/data/${"x".repeat(4000)}`));

    expect(denial?.seen.length).toBeLessThanOrEqual(200);
    expect(denial?.message.length).toBeLessThan(600);
  });
});
