import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Demands, hostPolicyOf, safeHostPolicyRules } from "@persys/core";
import { expect, it, onTestFinished } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { writeClaim } from "../../src/libvirt/disk-claim.ts";
import { type VmDemandsContext, vmDemands } from "../../src/libvirt/vm-demands.ts";
import type { VmSpec } from "../../src/libvirt/vm-spec.ts";

const run = promisify(execFile);
const { signal } = new AbortController();

interface Scene {
  readonly context: VmDemandsContext;
  readonly elsewhere: string;
}

async function scene(): Promise<Scene> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "persys-vm-")));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [diskFolder, elsewhere] = [join(root, "disks"), join(root, "elsewhere")];
  const imageFolder = join(diskFolder, "base");
  await mkdir(imageFolder, { recursive: true });
  await mkdir(elsewhere);
  const networkNames = () => Promise.resolve(new Set<string>());
  const protectedPaths = [diskFolder, imageFolder];
  return {
    context: { nodeId: "node", imageFolder, diskFolder, protectedPaths, networkNames },
    elsewhere,
  };
}

/** An image of 1 MiB, on another one or on nothing. */
async function image(path: string, backing?: string): Promise<string> {
  const on = backing === undefined ? [] : ["-b", backing, "-F", "qcow2"];
  await run("qemu-img", ["create", "-q", "-u", "-f", "qcow2", ...on, path, "1M"]);
  return path;
}

function demanded({ context }: Scene, members: Partial<VmSpec>): Promise<Demands> {
  return vmDemands({ vcpus: 1, memoryMb: 64, ...members }, context, signal);
}

function asked({ hostPaths }: Demands): readonly string[] {
  return hostPaths.map(({ field, path }) => `${field} ${path}`);
}

describeWithLibvirt("the images that a machine stands on", () => {
  it("are asked for down to the last, but for those in the folder of images", async () => {
    const here = await scene();
    const last = await image(join(here.context.imageFolder, "last"));
    const middle = await image(join(here.elsewhere, "middle"), last);
    const outside = await image(join(here.elsewhere, "outside"));
    const top = await image(join(here.elsewhere, "top"), middle);
    const linked = await image(join(here.context.imageFolder, "linked.qcow2"), outside);

    const demands = await demanded(here, {
      disks: [{ path: top }, { sizeGb: 1, baseImage: "linked" }, { baseImage: last }],
    });

    expect(linked).toContain("linked.qcow2");
    expect(asked(demands)).toEqual([
      `disks[0].path ${top}`,
      `disks[0].path ${middle}`,
      `disks[1].baseImage ${outside}`,
    ]);
  });

  it("are looked at beneath disks that this agent has made as well", async () => {
    const here = await scene();
    const path = join(here.context.diskFolder, "vm-1-vda.qcow2");
    await image(path, "/etc/shadow");
    await writeClaim(path, { nodeId: "node", id: "vm-1", retained: false });

    const demands = await demanded(here, { disks: [{ path }] });

    const denials = hostPolicyOf(everyPath).judge(demands, "vm");
    expect(denials).toMatchObject([
      { rule: "host-path-protected", field: "disks[0].path", seen: "/etc/shadow" },
    ]);
  });

  it.each(["nbd://host/disk", 'json:{"driver":"null-co"}', "/nowhere/base"])(
    "are refused where they stand on %s",
    async (backing) => {
      const here = await scene();
      const path = await image(join(here.elsewhere, "top"), backing);

      const demands = await demanded(here, { disks: [{ path }] });

      expect(hostPolicyOf(everyPath).judge(demands, "vm")).toMatchObject([
        { rule: "host-path-unresolved", field: "disks[0].path" },
      ]);
    },
  );

  it("are refused where they stand on themselves", async () => {
    const here = await scene();
    const [path, other] = [join(here.elsewhere, "one"), join(here.elsewhere, "other")];
    await image(path, other);
    await image(other, path);

    expect(
      hostPolicyOf(everyPath).judge(await demanded(here, { disks: [{ path }] }), "vm"),
    ).toMatchObject([{ rule: "host-path-unresolved" }]);
  });

  it("of the node's own that cannot be inspected are told as what they are", async () => {
    const here = await scene();
    const { imageFolder } = here.context;
    await run("qemu-img", ["create", "-q", "-f", "vdi", join(imageFolder, "odd.vdi"), "1M"]);
    await mkdir(join(imageFolder, "folder"));

    await expect(demanded(here, { disks: [{ baseImage: "odd.vdi" }] })).rejects.toMatchObject({
      effect: "none",
    });
    await expect(
      demanded(here, { osImage: "folder", disks: [{ baseImage: "folder" }] }),
    ).rejects.toMatchObject({ code: "INVALID_SPEC", fault: "user", retryable: false });
  });

  it("is no file that is no image", async () => {
    const here = await scene();
    const pipe = join(here.elsewhere, "pipe");
    await run("mkfifo", [pipe]);

    expect(
      hostPolicyOf(everyPath).judge(await demanded(here, { disks: [{ path: pipe }] }), "vm"),
    ).toMatchObject([{ rule: "host-path-unresolved", seen: pipe }]);
  });
});

const everyPath = { ...safeHostPolicyRules, allowedHostPaths: [{ path: "/", readOnly: false }] };
