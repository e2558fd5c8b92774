import { randomUUID } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ApplyWorkloadResponse, VMSpecSchema } from "@persys/transports/gen";
import { expect, onTestFinished } from "vitest";
import { libvirtPrograms, sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import { LibvirtOutsider } from "../../../../test/libvirt/libvirt-outsider.ts";
import type { Until } from "../../../../test/until-suite-ends.ts";
import type { GuestBoot } from "../../../../test/vm/guest-console.ts";
import { guestImage, ipxeImage } from "../../../../test/vm/test-guest.ts";
import { NodeUnderTest, type SpecApply, stateName } from "./node-under-test.ts";

/** A spec of a machine as clients send it. */
export type VmWorkload = MessageInitShape<typeof VMSpecSchema>;

/** How a node with machines is started. */
export interface VmNodeStart {
  /** How the agent reaches libvirt. Default: as `daemon`. */
  readonly uri?: string;
  /** How libvirt is reached past the agent. Default: the one that all tests share. */
  readonly daemon?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Parts {
  readonly folder: string;
  readonly devDir: string;
  readonly outsider: LibvirtOutsider;
  readonly ids: Set<string>;
  readonly env: Record<string, string>;
}

/** Polls for as long as a guest may take on a busy machine that emulates its processor. */
export const slowly = { timeout: 120_000, interval: 100 } as const;

/**
 * A running agent over a real libvirt with QEMU, with folders of its own, and somebody else with access to that libvirt. Machines and folders go with
 * the test, after its agents.
 */
export class VmNode {
  readonly node: NodeUnderTest;
  readonly outsider: LibvirtOutsider;
  /** Where disks without a path are made. */
  readonly diskFolder: string;
  /** Where base images are named in: it has `guest.qcow2`, the guest of the tests. */
  readonly imageFolder: string;
  /** What the agent keeps of its machines. */
  readonly stateFolder: string;
  readonly #ids: Set<string>;
  readonly #suffix: string = randomUUID().slice(0, 8);

  private constructor(node: NodeUnderTest, { folder, outsider, ids }: Parts) {
    this.node = node;
    this.outsider = outsider;
    this.#ids = ids;
    this.diskFolder = join(folder, "disks");
    this.imageFolder = join(folder, "images");
    this.stateFolder = join(folder, "state");
  }

  static async start(options: VmNodeStart = {}): Promise<VmNode> {
    const parts = partsOf(options);
    onTestFinished(() => removeAll(parts));
    return new VmNode(await NodeUnderTest.start(parts.env, parts.devDir), parts);
  }

  /** One for all tests of a suite, like {@link NodeUnderTest.ofFile}. Each test has names of its own. Called before all of them. */
  static async ofSuite(until: Until, options: VmNodeStart = {}): Promise<VmNode> {
    const parts = partsOf(options);
    until(() => removeAll(parts));
    return new VmNode(await NodeUnderTest.ofFile(parts.env, parts.devDir, until), parts);
  }

  /** An id that no other test has: names of machines are shared by all who use a libvirt. The same name gives the same id. */
  id(name: string): string {
    const id = `${name}-${this.#suffix}`;
    this.#ids.add(id);
    return id;
  }

  /** Applies a machine to an {@link id}. */
  async apply(
    id: string,
    spec: VmWorkload,
    options: SpecApply = {},
  ): Promise<ApplyWorkloadResponse> {
    return this.node.applySpec(id, { spec: { case: "vm", value: spec } }, options);
  }

  /** Changes only the wanted state. */
  async want(id: string, desired: "running" | "stopped"): Promise<void> {
    await this.node.want(id, desired);
  }

  /** Waits until a workload is in a state; what keeps it from that is in the failure. */
  async reaches(id: string, state: string): Promise<void> {
    const look = async (): Promise<string> => {
      const { workloads } = await this.node.client.listWorkloads({});
      const found = workloads.find((it) => it.id === id);
      if (found === undefined) return "absent";
      const name = stateName(found.actualState);
      return name === state ? name : `${name}: ${found.message}`;
    };
    await expect.poll(look, { ...slowly, message: id }).toBe(state);
  }

  /** What the guest of the tests said at its boot of this number, counted on its disk, once it is ready. */
  async boot(id: string, boots: number): Promise<GuestBoot> {
    let last: GuestBoot | undefined;
    const look = async (): Promise<number> => {
      last = await this.outsider.lastBoot(id);
      return last?.isReady === true ? (last.data.get("vda")?.boots ?? 0) : 0;
    };
    await expect.poll(look, { ...slowly, message: `boots of ${id}` }).toBe(boots);
    if (last === undefined) throw new Error(`${id} has not booted`);
    return last;
  }

  /** Waits until user-data of the guest of the tests have printed a line. */
  async says(id: string, line: string): Promise<void> {
    const look = async () => (await this.outsider.lastBoot(id))?.others ?? [];
    await expect.poll(look, { ...slowly, message: id }).toContain(line);
  }

  /** The address that the guest of the tests was given, as it says itself. */
  async address(id: string): Promise<string> {
    const look = async () => (await this.outsider.lastBoot(id))?.addresses.at(-1) ?? "";
    await expect.poll(look, { ...slowly, message: `address of ${id}` }).not.toBe("");
    return look();
  }

  /** One of the flat facts in the status; empty where it is not said. */
  async fact(id: string, name: string): Promise<string> {
    return (await this.node.status(id)).metadata[name] ?? "";
  }

  /** Deletes workloads, and waits until they are gone. */
  async remove(...ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.node.client.deleteWorkload({ id })));
    for (const id of ids) await this.reaches(id, "absent");
  }

  /** All that is left of the workloads of an id: machines, disks and files, by name. */
  async leftOf(id: string): Promise<readonly string[]> {
    const machines = (await this.outsider.names()).filter((it) => it === id);
    const files = [this.diskFolder, this.stateFolder].flatMap((folder) =>
      filesIn(folder).filter((it) => it.includes(id)),
    );
    return [...machines.map((it) => `machine ${it}`), ...files];
  }
}

/** All files in a folder and the folders in it; none where there is no such folder. */
function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((it) => !it.isDirectory())
      .map((it) => join(it.parentPath, it.name));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Undone last, for it was to be undone first: the agents have ended by then. */
async function removeAll({ folder, outsider, ids }: Parts): Promise<void> {
  await outsider.removeAll(ids);
  rmSync(folder, { recursive: true, force: true });
}

function partsOf({ daemon = sharedLibvirtUri(), uri = daemon, env = {} }: VmNodeStart): Parts {
  const folder = mkdtempSync(join(tmpdir(), "persys-vms-"));
  for (const name of ["agent", "disks", "images"]) mkdirSync(join(folder, name), { mode: 0o711 });
  copyFileSync(guestImage(), join(folder, "images", "guest.qcow2"));
  // Not by the environment: what ends the processes of a test looks for the node id here.
  writeFileSync(join(folder, "agent", "node-id"), `test-${randomUUID()}\n`);
  return {
    folder,
    devDir: join(folder, "agent"),
    outsider: new LibvirtOutsider(daemon),
    ids: new Set(),
    env: {
      PATH: [libvirtPrograms(daemon), process.env["PATH"]].join(":"),
      PERSYS_VM_ENABLED: "true",
      PERSYS_LIBVIRT_URI: uri,
      PERSYS_VM_ACCEL: "tcg",
      PERSYS_VM_ROOT: join(folder, "state"),
      PERSYS_VM_DISK_DIR: join(folder, "disks"),
      PERSYS_VM_IMAGE_DIR: join(folder, "images"),
      // Disks and CDs of tests are there.
      PERSYS_ALLOWED_HOST_PATHS: [tmpdir(), dirname(ipxeImage)].join(","),
      ...env,
    },
  };
}
