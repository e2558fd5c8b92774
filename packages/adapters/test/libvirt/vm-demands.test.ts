import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Demands, hostPolicyOf, safeHostPolicyRules } from "@persys/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { writeClaim } from "../../src/libvirt/disk-claim.ts";
import { type VmDemandsContext, vmDemands } from "../../src/libvirt/vm-demands.ts";
import { parseVmSpec, vmSpecOf } from "../../src/libvirt/vm-spec.ts";

const { signal } = new AbortController();

interface Scene extends VmDemandsContext {
  /** A folder of the host that is nobody's. */
  readonly elsewhere: string;
}

async function scene(networks: readonly string[] = ["default"]): Promise<Scene> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "persys-vm-")));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [diskFolder, elsewhere] = [join(root, "disks"), join(root, "elsewhere")];
  const imageFolder = join(diskFolder, "base");
  await mkdir(imageFolder, { recursive: true });
  await mkdir(elsewhere);
  return {
    nodeId: "node",
    imageFolder,
    diskFolder,
    elsewhere,
    protectedPaths: [diskFolder, imageFolder],
    networkNames: () => Promise.resolve(new Set(networks)),
  };
}

/** What a spec asks for, written as a user would. */
async function demanded(context: VmDemandsContext, members: object): Promise<Demands> {
  const parsed = parseVmSpec({ vcpus: 2, memoryMb: 512, ...members });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  const spec = vmSpecOf(parsed.value.spec);
  if (spec === undefined) throw new Error("what was parsed has no type");
  return vmDemands(spec, context, signal);
}

/** The paths asked for, as they are written in the spec, with their fields. */
function asked({ hostPaths }: Demands): readonly string[] {
  return hostPaths.map(
    ({ field, path, readOnly }) => `${field} ${path}${readOnly ? " (read-only)" : ""}`,
  );
}

describe("what a machine asks of the host", () => {
  it("is its processors and memory alone, where the node gives the rest", async () => {
    const context = await scene();
    const path = join(context.diskFolder, "vm-1-vda.qcow2");

    expect(
      await demanded(context, {
        disks: [{ path, sizeGb: 1 }, { sizeGb: 1 }],
        networks: [{}, { network: "default" }],
        osImage: "debian",
      }),
    ).toEqual({
      cpuMillicores: 2_000,
      memoryBytes: 536_870_912,
      hostPaths: [],
      user: "",
      rawDisks: [],
      bridges: [],
      storagePools: [],
      ports: [],
    });
  });

  it("has every disk elsewhere, for writing, and every cdrom, for reading", async () => {
    const context = await scene();
    const [disk, iso] = [join(context.elsewhere, "a.img"), join(context.elsewhere, "b.iso")];
    await writeFile(iso, "");

    const demands = await demanded(context, {
      disks: [
        { path: disk, sizeGb: 1 },
        { path: iso, format: "iso" },
      ],
    });

    expect(asked(demands)).toEqual([`disks[0].path ${disk}`, `disks[1].path ${iso} (read-only)`]);
  });

  it("is judged by where links lead", async () => {
    const context = await scene();
    const link = join(context.elsewhere, "link");
    await symlink("/etc", link);

    const { hostPaths } = await demanded(context, {
      disks: [{ path: join(link, "shadow"), format: "raw" }],
    });

    expect(hostPaths).toMatchObject([{ path: "/etc/shadow", links: [link] }]);
    const rules = { ...safeHostPolicyRules, allowedHostPaths: [{ path: "/", readOnly: false }] };
    const denials = hostPolicyOf(rules).judge({ ...nothing, hostPaths }, "vm");
    expect(denials).toMatchObject([{ rule: "host-path-protected", field: "disks[0].path" }]);
  });

  it("has a disk of the host as such, and not as a path", async () => {
    const context = await scene();
    const link = join(context.elsewhere, "disk");
    await symlink("/dev/loop0", link);

    // Only where the machine that tests has one.
    const demands = await demanded(context, { disks: [{ path: link, format: "raw" }] });
    const isThere = (demands.rawDisks ?? []).length > 0;

    expect(isThere ? demands.rawDisks : demands.hostPaths).toMatchObject([
      { path: "/dev/loop0", field: "disks[0].path" },
    ]);
  });

  it("names what is in the folder of disks and was not made by this agent", async () => {
    const context = await scene();
    const at = (name: string): string => join(context.diskFolder, name);
    await Promise.all(["ours", "theirs", "nobodys"].map((name) => writeFile(at(name), "")));
    await writeClaim(at("ours"), { nodeId: "node", id: "other", retained: false });
    await writeClaim(at("theirs"), { nodeId: "another", id: "vm-1", retained: false });
    const names = ["ours", "theirs", "nobodys", "new", "base/new"];

    const demands = await demanded(context, {
      disks: names.map((name) => ({ path: at(name), format: "raw", sizeGb: 1 })),
    });

    expect(asked(demands)).toEqual([
      `disks[1].path ${at("theirs")}`,
      `disks[2].path ${at("nobodys")}`,
      `disks[4].path ${at("base/new")}`,
    ]);
  });

  it("lets everybody read images, and nobody the disks of others by naming them as images", async () => {
    const context = await scene();
    const image = join(context.imageFolder, "tools.iso");
    const disk = join(context.diskFolder, "other-vda.iso");
    const claimed = join(context.imageFolder, "claimed.iso");
    await Promise.all([image, disk, claimed].map((path) => writeFile(path, "")));
    await writeClaim(claimed, { nodeId: "node", id: "other", retained: false });

    const demands = await demanded(context, {
      disks: [image, disk, claimed].map((path) => ({ path, format: "iso" })),
    });

    expect(asked(demands)).toEqual([
      `disks[1].path ${disk} (read-only)`,
      `disks[2].path ${claimed} (read-only)`,
    ]);
  });

  it("does not give away what else lies among the images", async () => {
    const context = await scene();
    const [seeds, image] = [join(context.imageFolder, "vm"), join(context.imageFolder, "a.iso")];
    const seed = join(seeds, "other.iso");
    await mkdir(seeds);
    await Promise.all([seed, image].map((path) => writeFile(path, "")));
    const protectedPaths = [...context.protectedPaths, seeds];

    const demands = await demanded(
      { ...context, protectedPaths },
      { disks: [seed, image].map((path) => ({ path, format: "iso" })) },
    );

    expect(asked(demands)).toEqual([`disks[0].path ${seed} (read-only)`]);
  });

  it("is never what says whose a disk is", async () => {
    const context = await scene();
    const link = join(context.elsewhere, "link");
    await symlink(join(context.diskFolder, "other-vda.qcow2.persys"), link);

    await expect(
      demanded(context, { disks: [{ path: link, format: "raw" }] }),
    ).rejects.toMatchObject({ code: "INVALID_SPEC", fault: "user", retryable: false });
  });

  it("has bridges: what libvirt knows as no network", async () => {
    const context = await scene(["default", "isolated"]);
    const networks = ["br0", "isolated", "virbr0"].map((network) => ({ network }));

    expect((await demanded(context, { networks })).bridges).toEqual([
      { name: "br0", field: "networks[0].network" },
      { name: "virbr0", field: "networks[2].network" },
    ]);
  });

  it("is not known while libvirt does not tell its networks", async () => {
    const context = await scene();
    const networkNames = () => Promise.reject(new Error("away"));

    await expect(
      demanded({ ...context, networkNames }, { networks: [{ network: "br0" }] }),
    ).rejects.toThrow("away");
    expect((await demanded({ ...context, networkNames }, { networks: [{}] })).bridges).toEqual([]);
  });

  it("has the pools of its disks, and a port of this host for its screen", async () => {
    const context = await scene();

    const demands = await demanded(context, {
      disks: [{ sizeGb: 1 }, { pool: "fast", sizeGb: 1 }],
      vnc: { password: "secret" },
    });

    expect(demands.storagePools).toEqual([{ name: "fast", field: "disks[1].pool" }]);
    expect(demands.ports).toEqual([
      { hostIp: "127.0.0.1", hostPort: 0, protocol: "tcp", field: "vnc" },
    ]);
  });

  it("does not take a claim that cannot be understood for one of ours", async () => {
    const context = await scene();
    const path = join(context.diskFolder, "a");
    await writeFile(path, "");
    await writeFile(`${path}.persys`, "{");

    await expect(demanded(context, { disks: [{ path, format: "raw" }] })).rejects.toMatchObject({
      code: "STORAGE_ERROR",
    });
  });
});

const nothing: Demands = { cpuMillicores: 0, memoryBytes: 0, hostPaths: [], user: "" };
