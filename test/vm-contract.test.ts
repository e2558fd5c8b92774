import { LibvirtRuntime } from "@persys/adapters/libvirt";
import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { explainError } from "@persys/client";
import { type AgentClient, createNodeAgentClient } from "@persys/client/node";
import { SimulatedRuntime, SimulatedWorld } from "@persys/conformance";
import {
  createEngine,
  type Demands,
  hostPolicyOf,
  fixedHostPolicy,
  type Json,
  safeHostPolicyRules,
  silentLogger,
} from "@persys/core";
import { createAgentHandlers, createConnectTransport } from "@persys/transports";
import { DiskConfigSchema, NetworkConfigSchema, VMSpecSchema } from "@persys/transports/gen";
import { expect, it, onTestFinished } from "vitest";

/** What a spec of the contract means to the runtime of machines, asked over the wire. Nothing is run. */
class MachinesOnPaper extends SimulatedRuntime {
  readonly #machines: LibvirtRuntime;
  override readonly parseSpec: SimulatedRuntime["parseSpec"];

  constructor(machines: LibvirtRuntime) {
    super(new SimulatedWorld({ clock: new SystemClock() }), { type: "vm", events: false });
    this.#machines = machines;
    this.parseSpec = (input) => machines.parseSpec(input);
  }

  override redactSpec(spec: Json): Json {
    return this.#machines.redactSpec(spec);
  }

  override demands(spec: Json, signal: AbortSignal): Promise<Demands> {
    return this.#machines.demands(spec, signal);
  }
}

async function served(): Promise<AgentClient> {
  const machines = new LibvirtRuntime({
    nodeId: "node",
    folder: "/nonexistent/vm",
    diskFolder: "/nonexistent/disks",
    imageFolder: "/nonexistent/images",
    uri: "qemu+unix:///system?socket=/nonexistent/libvirt.sock",
  });
  const engine = createEngine({
    nodeId: "node",
    version: "1",
    runtimes: [new MachinesOnPaper(machines)],
    store: new MemoryStateStore({ disk: new MemoryDisk() }),
    clock: new SystemClock(),
    random: new SystemRandom(),
    hostPolicy: fixedHostPolicy(hostPolicyOf(safeHostPolicyRules)),
  });
  await engine.start(new AbortController().signal);
  const transport = createConnectTransport({
    handlers: createAgentHandlers({ api: engine.api, logger: silentLogger }),
    host: "127.0.0.1",
    port: 0,
    authenticate: () => ({ kind: "known", principal: { identity: "test", role: "admin" } }),
  });
  const { port } = await transport.start();
  onTestFinished(async () => {
    await transport.stop(0);
    await engine.stop();
    await machines.close();
  });
  return createNodeAgentClient({ baseUrl: `http://127.0.0.1:${port}` });
}

const disk = {
  device: "vda",
  format: "qcow2",
  sizeGb: 10n,
  type: "disk",
  boot: true,
  baseImage: "debian-12",
  baseImageSha256: "0".repeat(64),
  copyBaseImage: true,
  retainPolicy: "Retain",
};
const network = {
  network: "default",
  macAddress: "52:54:00:12:34:56",
  ipAddress: "192.168.122.10/24",
  gateway: "192.168.122.1",
  nameservers: ["192.168.122.1"],
};
/** Every member that can be there together with the others. */
const whole = {
  name: "A database",
  vcpus: 2,
  maxVcpus: 4,
  memoryMb: 512n,
  maxMemoryMb: 1024n,
  disks: [disk],
  networks: [network],
  metadata: { owner: "team" },
  cloudInitConfig: { metaData: '{"a":1}', networkConfig: "s1", vendorData: "s2" },
  firmware: "uefi",
  credentials: { username: "ops", passwordHash: "$6$s3", sshKeys: ["ssh-ed25519 A"] },
  vnc: { password: "s4s4s4" },
  restartPolicy: { policy: "on-failure", maxRetryCount: 3 },
  stopGraceSeconds: 30,
  labels: { app: "db" },
};

it("takes every member of the contract, and shows all of it but the secrets", async () => {
  const others = ["cloudInit", "osImage", "osImageSha256", "managedVolumes"];
  expect(VMSpecSchema.fields.map(({ localName }) => localName).toSorted()).toEqual(
    [...Object.keys(whole), ...others].toSorted(),
  );
  expect(DiskConfigSchema.fields.map(({ localName }) => localName).toSorted()).toEqual(
    [...Object.keys(disk), "path", "pool"].toSorted(),
  );
  expect(NetworkConfigSchema.fields.map(({ localName }) => localName).toSorted()).toEqual(
    Object.keys(network).toSorted(),
  );
  const client = await served();

  await client.applyWorkload({ id: "db", spec: { spec: { case: "vm", value: whole } } });
  const { spec } = await client.getWorkload({ id: "db" });

  expect(spec?.spec).toMatchObject({
    case: "vm",
    value: {
      ...whole,
      cloudInitConfig: {
        metaData: "<redacted>",
        networkConfig: "<redacted>",
        vendorData: "<redacted>",
      },
      credentials: { ...whole.credentials, passwordHash: "<redacted>" },
      vnc: { password: "<redacted>" },
    },
  });
});

it.each([
  { cloudInit: "#cloud-config\n{}\n" },
  { osImage: "debian-12", osImageSha256: "0".repeat(64) },
])("takes %j", async (members) => {
  const client = await served();
  const value = { vcpus: 1, memoryMb: 256n, ...members };

  const { applied } = await client.applyWorkload({
    id: "a",
    spec: { spec: { case: "vm", value } },
  });

  expect(applied).toBe(true);
});

it("tells everything that is wrong with a machine at once, by its place", async () => {
  const client = await served();
  const value = {
    memoryMb: 1n,
    disks: [{ device: "hda" }, { type: "cdrom" }],
    networks: [{ ipAddress: "10.0.0.1" }],
    credentials: { username: "ops", passwordHash: "plain" },
    managedVolumes: [{ name: "data" }],
  };

  const request = { id: "a", validateOnly: true, spec: { spec: { case: "vm" as const, value } } };
  const failed = explainError(await client.applyWorkload(request).catch((error: unknown) => error));

  expect(failed.code).toBe("invalid_argument");
  expect(failed.violations.map(({ field }) => field).toSorted()).toEqual([
    "spec.vm.credentials.password_hash",
    "spec.vm.disks[0].device",
    "spec.vm.disks[1].path",
    "spec.vm.managed_volumes",
    "spec.vm.memory_mb",
    "spec.vm.networks[0].ip_address",
    "spec.vm.vcpus",
  ]);
  expect(JSON.stringify(failed)).not.toContain("plain");
});

it("is told by a check what the policy of the node denies, with the setting that would allow it", async () => {
  const client = await served();
  const value = {
    vcpus: 1,
    memoryMb: 256n,
    disks: [
      { path: "/etc/shadow", format: "raw" },
      { path: "/nowhere/a.qcow2", sizeGb: 1n },
      { pool: "fast", sizeGb: 1n },
    ],
  };

  const request = { id: "a", validateOnly: true, spec: { spec: { case: "vm" as const, value } } };
  const failed = explainError(await client.applyWorkload(request).catch((error: unknown) => error));

  expect(failed.reason).toBe("POLICY_DENIED");
  expect(failed.violations.map(({ field }) => field)).toEqual([
    "spec.vm.disks[0].path",
    "spec.vm.disks[1].path",
    "spec.vm.disks[2].pool",
  ]);
  expect(failed.message).toContain("allowedStoragePools");
});
