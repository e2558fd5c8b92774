import {
  create,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageInitShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { AgentError, canonicalJson, type Json, parseContainerSpec, specDigest } from "@persys/core";
import { ApplyWorkloadRequestSchema, ContainerSpecSchema } from "@persys/transports/gen";
import { checkJson } from "@persys/transports/schema";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyFromProto } from "../../src/mapping/apply-from-proto.ts";
import { subjectOf } from "../../src/mapping/call-subject.ts";
import { errorStatus } from "../../src/mapping/error-status.ts";
import { specToProto } from "../../src/mapping/spec-to-proto.ts";

type Container = MessageInitShape<typeof ContainerSpecSchema>;

/** Every field of the contract, with a value that is not its default. */
const whole = {
  image: "registry.example:5000/team/web:1.2",
  command: ["httpd", ""],
  args: ["-f"],
  env: { TOKEN: "t", "with space": "" },
  volumes: [{ host_path: "/srv/web", container_path: "/www", read_only: true }],
  ports: [{ host_port: 8080, container_port: 80, protocol: "tcp", host_ip: "127.0.0.1" }],
  resources: {
    cpu_shares: "512",
    memory_bytes: "67108864",
    memory_swap_bytes: "67108864",
    cpu_millicores: "500",
    pids_limit: "64",
  },
  restart_policy: { policy: "on-failure", max_retry_count: 3 },
  labels: { team: "web" },
  entrypoint: ["/bin/busybox"],
  user: "web:1000",
  working_dir: "/www",
  privileged: true,
  network: "backend",
  healthcheck: {
    test: ["CMD", "true"],
    interval_seconds: 5,
    timeout_seconds: 2,
    start_period_seconds: 10,
    retries: 3,
  },
  pull_policy: "always",
  stop_grace_seconds: 30,
  registry_auth: "team",
  extra_hosts: { db: "10.0.0.1", host: "host-gateway" },
  tmpfs: [{ container_path: "/tmp", size_bytes: "65536" }],
  log: { max_size_bytes: "1048576", max_files: 2 },
} satisfies JsonObject;

/** The spec as the core gets it from a request in JSON. */
function coreSpec(container: JsonValue): Json {
  const request = { id: "web", spec: { container } };
  expect(checkJson(ApplyWorkloadRequestSchema, request)).toEqual([]);
  return specFrom(
    toBinary(ApplyWorkloadRequestSchema, fromJson(ApplyWorkloadRequestSchema, request)),
  );
}

function specFrom(bytes: Uint8Array): Json {
  const { request, violations } = applyFromProto(fromBinary(ApplyWorkloadRequestSchema, bytes));
  expect(violations).toEqual([]);
  expect(request.type).toBe("container");
  return request.spec as Json;
}

function parsed(spec: Json): Json {
  const result = parseContainerSpec(spec);
  if (!result.ok) return expect.fail(JSON.stringify(result.violations));
  return result.value.spec;
}

/** `field: rule` of every violation, as clients are told. */
function refusal(container: Container): readonly string[] {
  const message = create(ApplyWorkloadRequestSchema, {
    id: "web",
    spec: { spec: { case: "container", value: container } },
  });
  const { request } = applyFromProto(message);
  const result = parseContainerSpec(request.spec);
  if (result.ok) return [];
  const error = new AgentError("INVALID_SPEC", "invalid", { violations: result.violations });
  const status = errorStatus(error, subjectOf(ApplyWorkloadRequestSchema, message), "incident-1");
  return (status.fieldViolations ?? []).map(({ field, description }) => `${field}: ${description}`);
}

function withImage(members: Container): Container {
  return { image: "busybox", ...members };
}

describe("a container of the contract", () => {
  it("comes to the core with every field, under the core's names", () => {
    expect(parsed(coreSpec(whole))).toEqual({
      image: "registry.example:5000/team/web:1.2",
      command: ["httpd", ""],
      args: ["-f"],
      env: { TOKEN: "t", "with space": "" },
      volumes: [{ hostPath: "/srv/web", containerPath: "/www", readOnly: true }],
      ports: [{ hostPort: 8080, containerPort: 80, protocol: "tcp", hostIp: "127.0.0.1" }],
      resources: {
        cpuShares: 512,
        memoryBytes: 67_108_864,
        memorySwapBytes: 67_108_864,
        cpuMillicores: 500,
        pidsLimit: 64,
      },
      restartPolicy: { policy: "on-failure", maxRetryCount: 3 },
      labels: { team: "web" },
      entrypoint: ["/bin/busybox"],
      user: "web:1000",
      workingDir: "/www",
      privileged: true,
      network: "backend",
      healthcheck: {
        test: ["CMD", "true"],
        intervalSeconds: 5,
        timeoutSeconds: 2,
        startPeriodSeconds: 10,
        retries: 3,
      },
      pullPolicy: "always",
      stopGraceSeconds: 30,
      registryAuth: "team",
      extraHosts: { db: "10.0.0.1", host: "host-gateway" },
      tmpfs: [{ containerPath: "/tmp", sizeBytes: 65_536 }],
      log: { maxSizeBytes: 1_048_576, maxFiles: 2 },
    });
  });

  it("has no field that this test does not know", () => {
    const refused = ["managed_volumes"];
    expect([...Object.keys(whole), ...refused].toSorted()).toEqual(
      ContainerSpecSchema.fields.map((field) => field.name).toSorted(),
    );
    for (const [name, value] of Object.entries(whole)) {
      const field = ContainerSpecSchema.fields.find((one) => one.name === name);
      const inside: DescMessage | undefined = field?.message;
      if (inside === undefined) continue;
      const item: object = Array.isArray(value) ? (value[0] as object) : (value as object);
      expect(Object.keys(item).toSorted()).toEqual(inside.fields.map((one) => one.name).toSorted());
    }
  });

  it("has one digest in snake_case, in camelCase, and with defaults spelt out", () => {
    const camel = toJson(ContainerSpecSchema, fromJson(ContainerSpecSchema, whole));
    const spelt = toJson(ContainerSpecSchema, fromJson(ContainerSpecSchema, whole), {
      alwaysEmitImplicit: true,
      useProtoFieldName: true,
    });
    const digests = [whole, camel, spelt].map((one) => specDigest(parsed(coreSpec(one))));

    expect(new Set(digests).size).toBe(1);
  });

  it("is shown as a container again, whatever of it is set", () => {
    fc.assert(
      fc.property(some(whole), (container) => {
        const spec = parsed(coreSpec({ ...container, image: "busybox" }));
        const shown = specToProto("container", spec);
        expect(shown.spec.case).toBe("container");
        const again = create(ApplyWorkloadRequestSchema, { id: "web", spec: shown });
        const back = specFrom(toBinary(ApplyWorkloadRequestSchema, again));
        expect(canonicalJson(parsed(back))).toBe(canonicalJson(spec));
      }),
    );
  });

  it("is shown with a redacted environment", () => {
    const spec = { image: "busybox", env: { TOKEN: "<redacted>" } };

    expect(specToProto("container", spec).spec).toMatchObject({
      case: "container",
      value: { image: "busybox", env: { TOKEN: "<redacted>" } },
    });
  });

  it("is refused with managed volumes, by their name", () => {
    expect(refusal(withImage({ managedVolumes: [{ name: "data", sizeGb: 1n }] }))).toEqual([
      "spec.container.managed_volumes: is not supported yet: use volumes (got a list)",
    ]);
  });

  it.each<[string, Container]>([
    ["image", { image: "Nginx" }],
    ["command[0]", withImage({ command: ["\0"] })],
    ["args[1]", withImage({ args: ["", "\0"] })],
    ["entrypoint[0]", withImage({ entrypoint: [""] })],
    ['env["A=B"]', withImage({ env: { "A=B": "x" } })],
    ["user", withImage({ user: "a b" })],
    ["working_dir", withImage({ workingDir: "tmp" })],
    ["volumes[0].host_path", withImage({ volumes: [{ hostPath: "x", containerPath: "/x" }] })],
    ["volumes[0].container_path", withImage({ volumes: [{ hostPath: "/x", containerPath: "/" }] })],
    ["tmpfs[0].container_path", withImage({ tmpfs: [{ containerPath: "x" }] })],
    ["tmpfs[0].size_bytes", withImage({ tmpfs: [{ containerPath: "/x", sizeBytes: 1n }] })],
    ["network", withImage({ network: "container:x" })],
    ["ports", withImage({ network: "host", ports: [{ containerPort: 80 }] })],
    ["ports[0].host_port", withImage({ ports: [{ hostPort: -1, containerPort: 80 }] })],
    ["ports[0].container_port", withImage({ ports: [{ hostPort: 80 }] })],
    ["ports[0].protocol", withImage({ ports: [{ containerPort: 80, protocol: "sctp" }] })],
    ["ports[0].host_ip", withImage({ ports: [{ containerPort: 80, hostIp: "localhost" }] })],
    ["extra_hosts.db", withImage({ extraHosts: { db: "nowhere" } })],
    ["healthcheck.test[0]", withImage({ healthcheck: { test: ["curl"] } })],
    ["healthcheck.interval_seconds", withImage({ healthcheck: { intervalSeconds: -1 } })],
    ["healthcheck.timeout_seconds", withImage({ healthcheck: { timeoutSeconds: -1 } })],
    ["healthcheck.start_period_seconds", withImage({ healthcheck: { startPeriodSeconds: -1 } })],
    ["healthcheck.retries", withImage({ healthcheck: { retries: -1 } })],
    ["resources.cpu_shares", withImage({ resources: { cpuShares: 1n } })],
    ["resources.memory_bytes", withImage({ resources: { memoryBytes: 5_000_000n } })],
    ["resources.memory_swap_bytes", withImage({ resources: { memorySwapBytes: 8_388_608n } })],
    ["resources.cpu_millicores", withImage({ resources: { cpuMillicores: 1n } })],
    ["resources.pids_limit", withImage({ resources: { pidsLimit: -1n } })],
    ["restart_policy.policy", withImage({ restartPolicy: { policy: "sometimes" } })],
    ["restart_policy.max_retry_count", withImage({ restartPolicy: { maxRetryCount: -1 } })],
    ["stop_grace_seconds", withImage({ stopGraceSeconds: 3601 })],
    ["pull_policy", withImage({ pullPolicy: "daily" })],
    ["registry_auth", withImage({ registryAuth: "me:secret" })],
    ['labels["persys.uid"]', withImage({ labels: { "persys.uid": "x" } })],
    ["log.max_size_bytes", withImage({ log: { maxSizeBytes: 1n } })],
    ["log.max_files", withImage({ log: { maxFiles: 101 } })],
  ])("names %s where it breaks a rule", (field, container) => {
    const found = refusal(container);
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(`spec.container.${field}: `)).toBe(true);
  });

  it("keeps what may be a secret out of a refusal", () => {
    const found = refusal(withImage({ env: { "A=B": "hunter2" }, registryAuth: "me:hunter2" }));

    expect(found).toHaveLength(2);
    expect(found.join("\n")).not.toContain("hunter2");
  });
});

/** Some members of `value`, and of the objects in it. */
function some(value: JsonObject): fc.Arbitrary<JsonObject> {
  const members = Object.entries(value).map(([name, member]) => {
    const isMap = name === "env" || name === "labels" || name === "extra_hosts";
    const isPart = typeof member === "object" && member !== null && !Array.isArray(member);
    // A limit of memory and swap needs one of memory.
    if (!isPart || isMap || name === "resources") return [name, fc.constant(member)] as const;
    return [name, some(member)] as const;
  });
  return fc.record(Object.fromEntries(members), { requiredKeys: [] }) as fc.Arbitrary<JsonObject>;
}
