import { describe, expect, it } from "vitest";
import { type ContainerSpec, parseContainerSpec } from "../../src/domain/container-spec.ts";
import { specDigest } from "../../src/domain/spec-digest.ts";

function violations(input: unknown): Record<string, string> {
  const parsed = parseContainerSpec(input);
  if (parsed.ok) return {};
  return Object.fromEntries(parsed.violations.map((found) => [found.path.join("."), found.rule]));
}

const withImage = (members: object): object => ({ image: "busybox", ...members });

const whole: ContainerSpec = {
  image: "registry.example:5000/team/web:1.2",
  command: ["httpd", ""],
  args: ["-f", "-p", "8080"],
  entrypoint: ["/bin/busybox"],
  env: { EMPTY: "", "with space": "x", "9": "y", lower: "z" },
  user: "web:1000",
  workingDir: "/srv",
  privileged: true,
  volumes: [
    { hostPath: "/srv/web", containerPath: "/www", readOnly: true },
    { hostPath: "/srv/data", containerPath: "/data" },
  ],
  tmpfs: [{ containerPath: "/tmp", sizeBytes: 65_536 }, { containerPath: "/run" }],
  network: "backend_1",
  ports: [
    { hostPort: 8080, containerPort: 80, protocol: "tcp", hostIp: "127.0.0.1" },
    { hostPort: 8080, containerPort: 80, protocol: "udp", hostIp: "127.0.0.1" },
    { hostPort: 8080, containerPort: 81, hostIp: "::1" },
    { containerPort: 9090 },
  ],
  extraHosts: { db: "10.0.0.1", six: "fe80::1", host: "host-gateway" },
  healthcheck: {
    test: ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:8080/"],
    intervalSeconds: 5,
    timeoutSeconds: 2,
    startPeriodSeconds: 10,
    retries: 3,
  },
  resources: { memoryBytes: 67_108_864, cpuMillicores: 500, pidsLimit: 64 },
  restartPolicy: { policy: "on-failure", maxRetryCount: 3 },
  stopGraceSeconds: 0,
  pullPolicy: "always",
  registryAuth: "team",
  labels: { team: "", "com.example/a": "b" },
  log: { maxSizeBytes: 1_048_576, maxFiles: 2 },
};

describe("parseContainerSpec", () => {
  it("keeps what was sent and fills nothing in", () => {
    expect(parseContainerSpec(whole)).toEqual({
      ok: true,
      value: {
        spec: whole,
        restart: { kind: "on-failure", maxRetries: 3 },
        stopGraceMs: 0,
        labels: { team: "", "com.example/a": "b" },
      },
    });
  });

  it("gives every way of saying nothing one digest", () => {
    const bare = parseContainerSpec({
      image: "busybox",
      volumes: [{ hostPath: "/a", containerPath: "/b" }],
      tmpfs: [{ containerPath: "/c" }],
      ports: [{ containerPort: 80 }],
    });
    const empty = parseContainerSpec({
      image: "busybox",
      command: [],
      args: [],
      entrypoint: [],
      env: {},
      user: "",
      workingDir: "",
      privileged: false,
      volumes: [{ hostPath: "/a", containerPath: "/b", readOnly: false }],
      tmpfs: [{ containerPath: "/c", sizeBytes: 0 }],
      network: "",
      ports: [{ hostPort: 0, containerPort: 80, protocol: "", hostIp: "" }],
      extraHosts: {},
      healthcheck: {
        test: [],
        intervalSeconds: 0,
        timeoutSeconds: 0,
        startPeriodSeconds: 0,
        retries: 0,
      },
      resources: {
        cpuShares: 0,
        memoryBytes: 0,
        memorySwapBytes: 0,
        cpuMillicores: 0,
        pidsLimit: 0,
      },
      restartPolicy: { policy: "", maxRetryCount: 0 },
      pullPolicy: "",
      registryAuth: "",
      labels: {},
      log: { maxSizeBytes: 0, maxFiles: 0 },
      managedVolumes: [],
    });

    if (!bare.ok || !empty.ok) expect.fail("both are valid");
    expect(bare.value.stopGraceMs).toBe(10_000);
    expect(bare.value.restart).toEqual({ kind: "always" });
    expect(empty.value.spec).toEqual(bare.value.spec);
    expect(specDigest(empty.value.spec)).toBe(specDigest(bare.value.spec));
  });

  it("names every broken rule at once", () => {
    const found = violations({
      image: "Nginx",
      command: "x",
      args: ["a\0b"],
      entrypoint: [""],
      env: { "A=B": "1", GOOD: 3, "": "x" },
      user: "no such user",
      workingDir: "relative",
      privileged: "yes",
      volumes: [
        { hostPath: "data", containerPath: "/a", readOnly: 1 },
        { hostPath: "/data", containerPath: "/a", mode: "z" },
        { containerPath: "/b/../c" },
      ],
      tmpfs: [{ containerPath: "/a", sizeBytes: 7 }, { containerPath: "/" }],
      network: "host",
      ports: [
        { hostPort: 80, containerPort: 0, protocol: "sctp", hostIp: "localhost" },
        { hostPort: 80, containerPort: 70_000, hostIp: "127.0.0.1" },
        { hostPort: -1 },
      ],
      extraHosts: { "a b": "10.0.0.1", db: "somewhere" },
      healthcheck: { test: ["curl", "x"], intervalSeconds: -1, retries: 1.5, every: 3 },
      resources: { memoryBytes: 5_000_000 },
      restartPolicy: { policy: "sometimes", maxRetryCount: -1 },
      stopGraceSeconds: 3601,
      pullPolicy: "daily",
      registryAuth: "user:hunter2",
      labels: { a: 1, "persys.uid": "x" },
      log: { maxSizeBytes: 1, maxFiles: 101 },
      managedVolumes: [{ name: "data" }],
      hostname: "web",
    });

    expect(found).toEqual({
      image: "must have a path in lower case: only a registry and a tag may have upper case",
      command: "must be a list",
      "args.0": "must not contain a NUL character",
      "entrypoint.0": "must name the program to run",
      "env.A=B": "must be a name without `=`",
      "env.": "must be a name without `=`",
      "env.GOOD": "must be a text",
      user: "must be a name or a uid, and may have `:` and a group or a gid",
      workingDir: "must be an absolute path",
      privileged: "must be true or false",
      "volumes.0.hostPath": "must be an absolute path on the host",
      "volumes.0.readOnly": "must be true or false",
      "volumes.1.mode": "is not a field of this specification: remove it, or correct its name",
      "volumes.1.containerPath":
        "must differ from those of other mounts: volumes[0] is mounted there",
      "volumes.2.hostPath": "is required: a text",
      "volumes.2.containerPath":
        "must be an absolute path other than `/`, without `//`, `.`, `..` or a `/` at its end",
      "tmpfs.0.containerPath":
        "must differ from those of other mounts: volumes[0] is mounted there",
      "tmpfs.0.sizeBytes": "must be at least 4096 bytes, or 0 for the default",
      "tmpfs.1.containerPath":
        "must be an absolute path other than `/`, without `//`, `.`, `..` or a `/` at its end",
      ports: "must be empty with network host: the container's ports are those of the host already",
      "ports.0.containerPort": "must be 1 to 65535",
      "ports.0.protocol": 'must be one of "", "tcp", "udp"',
      "ports.0.hostIp": "must be an IPv4 or IPv6 address",
      "ports.1.containerPort": "must be 1 to 65535",
      "ports.2.hostPort": "must be 1 to 65535, or 0 to let Docker pick a free one",
      "ports.2.containerPort": "is required: a number",
      "extraHosts.a b": "must be the name of a host: letters, digits, `_`, `.` and `-`",
      "extraHosts.db": "must be an IPv4 or IPv6 address, or host-gateway for that of the host",
      "healthcheck.test.0": "must be CMD, CMD-SHELL or NONE",
      "healthcheck.intervalSeconds": "must be at least 0",
      "healthcheck.retries": "must be a whole number",
      "healthcheck.every": "is not a field of this specification: remove it, or correct its name",
      "resources.memoryBytes": "must be at least 6291456 bytes (6 MiB), or 0 for no limit",
      "restartPolicy.policy": 'must be one of "", "always", "unless-stopped", "on-failure", "no"',
      "restartPolicy.maxRetryCount": "must be at least 0",
      stopGraceSeconds: "must be at most 3600",
      pullPolicy: 'must be one of "", "always", "missing", "never"',
      registryAuth:
        "must be the name of an entry of the node's registry credentials, not a credential",
      "labels.a": "must be a text",
      "labels.persys.uid": "must not start with `persys.`: such labels are the agent's own",
      "log.maxSizeBytes": "must be at least 16384 bytes, or 0 for the default",
      "log.maxFiles": "must be at most 100",
      managedVolumes: "is not supported yet: use volumes",
      hostname: "is not a field of this specification: remove it, or correct its name",
    });
  });

  it.each([undefined, null, 7, "text", []])("refuses %j, which is no object", (input) => {
    expect(Object.keys(violations(input))).toEqual([""]);
  });

  it("needs an image", () => {
    expect(violations({})).toEqual({ image: "is required: a text" });
    expect(violations({ image: "" })).toEqual({
      image: "must name an image, such as `busybox:1.36` or `registry.example:5000/team/app`",
    });
  });

  it.each([
    ["127.0.0.1", "127.0.0.1"],
    ["", "127.0.0.1"],
    ["127.0.0.1", ""],
    ["0.0.0.0", "127.0.0.1"],
    ["::", "::1"],
    ["FE80::1", "fe80::1"],
  ])("refuses one port of the host twice, on %j and %j", (first, second) => {
    const ports = [
      { hostPort: 80, containerPort: 1, hostIp: first },
      { hostPort: 80, containerPort: 2, hostIp: second, protocol: "tcp" },
    ];
    expect(violations(withImage({ ports }))).toEqual({
      "ports.1.hostPort":
        "must differ from those of other ports on the same address and protocol: ports[0] has it",
    });
  });

  it("takes ports of the host that are not in each other's way", () => {
    const ports = [
      { hostPort: 80, containerPort: 1, hostIp: "127.0.0.1" },
      { hostPort: 80, containerPort: 1, hostIp: "127.0.0.2" },
      { hostPort: 80, containerPort: 1, hostIp: "::" },
      { hostPort: 80, containerPort: 1, protocol: "udp" },
      { hostPort: 81, containerPort: 1 },
      { containerPort: 1 },
      { hostPort: 0, containerPort: 1 },
    ];
    expect(violations(withImage({ ports }))).toEqual({});
  });

  it.each([
    ["none", "must be empty with network none: nothing could reach them"],
    ["bridge", undefined],
    ["", undefined],
    ["backend", undefined],
  ])("publishes ports as network %j allows", (network, rule) => {
    const found = violations(withImage({ network, ports: [{ containerPort: 80 }] }));
    expect(found["ports"]).toBe(rule);
  });

  it.each([
    [
      "container:other",
      "must not be the network of another container: that one may be replaced at any time",
    ],
    [
      "a b",
      "must be bridge, host, none or the name of a network: letters, digits, `_`, `.` and `-`",
    ],
    ["default", "must be bridge for Docker's default network"],
  ])("refuses the network %j", (network, rule) => {
    expect(violations(withImage({ network }))).toEqual({ network: rule });
  });

  it.each(["", "0", "root", "1000:1000", "web:users", "1000:users", "Ann_1.x-y$"])(
    "takes the user %j",
    (user) => {
      expect(violations(withImage({ user }))).toEqual({});
    },
  );

  it.each([":", "a:", ":a", "a:b:c", "-1", "a b", "99999999999", "2147483648", "0:2147483648"])(
    "refuses the user %j",
    (user) => {
      expect(Object.keys(violations(withImage({ user })))).toEqual(["user"]);
    },
  );

  it.each([
    [["NONE"], undefined],
    [["CMD", "true"], undefined],
    [["CMD-SHELL", "exit 0"], undefined],
    [["NONE", "x"], "must have nothing after NONE, which turns the check off"],
    [["CMD"], "must have a program after CMD"],
    [["CMD-SHELL"], "must have exactly one line for the shell after CMD-SHELL"],
    [["CMD-SHELL", "a", "b"], "must have exactly one line for the shell after CMD-SHELL"],
  ])("knows what a health check of %j is", (test, rule) => {
    const found = violations(withImage({ healthcheck: { test } }));
    expect(found["healthcheck.test"]).toBe(rule);
  });

  it("takes the times of the image's own check", () => {
    expect(violations(withImage({ healthcheck: { intervalSeconds: 5 } }))).toEqual({});
  });

  it.each(["/a", "/a/b.c", "/a b", "/...", "/.hidden", "/a:b"])("mounts at %j", (containerPath) => {
    const tmpfs = [{ containerPath }];
    expect(violations(withImage({ tmpfs }))).toEqual({});
  });

  it.each(["", "/", "a", "//a", "/a/", "/a//b", "/.", "/a/./b", "/a/.."])(
    "does not mount at %j",
    (containerPath) => {
      const tmpfs = [{ containerPath }];
      expect(Object.keys(violations(withImage({ tmpfs })))).toEqual(["tmpfs.0.containerPath"]);
    },
  );

  it("bounds the words and the environment together", () => {
    const args = Array(9).fill("x".repeat(130_000));
    expect(violations(withImage({ args }))).toEqual({
      "": "entrypoint, command, args and env together must have at most 1048576 bytes",
    });
  });

  it("shows the value seen, shortened, but nothing of env or in place of a credential's name", () => {
    const parsed = parseContainerSpec({
      image: `UPPER${"x".repeat(200)}`,
      env: { PASSWORD: "hunter2\0", "BAD=NAME": "hunter2" },
      registryAuth: "me:hunter2",
    });
    if (parsed.ok) expect.fail("it is invalid");

    expect(JSON.stringify(parsed.violations)).not.toContain("hunter2");
    const seen = parsed.violations.find((one) => one.path[0] === "image")?.seen;
    expect(seen).toHaveLength(80);
  });
});
