import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { claimPath, readClaim } from "../../src/libvirt/disk-claim.ts";
import {
  ensureDisk,
  growDisk,
  imageChain,
  removeDisk,
  type WantedDisk,
} from "../../src/libvirt/disk-files.ts";
import { imageInfo } from "../../src/libvirt/qemu-img.ts";

const run = promisify(execFile);
const signal = new AbortController().signal;
const mebibyte = 1_048_576;
const owner = { nodeId: "node", id: "vm-1" };

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "persys-disk-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function wanted(path: string, changes: Partial<WantedDisk> = {}): WantedDisk {
  const claim = { ...owner, retained: false };
  const least = { path, format: "qcow2", base: undefined, mayBeForeign: true } as const;
  return { ...least, sizeBytes: 4 * mebibyte, claim, ...changes };
}

async function madeBase(folder: string): Promise<{ path: string; sha256: string }> {
  const path = join(folder, "base.qcow2");
  await run("qemu-img", ["create", "-q", "-f", "qcow2", path, "2M"]);
  await run("qemu-io", ["-f", "qcow2", "-c", "write -P 7 0 64k", path]);
  return {
    path,
    sha256: createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  };
}

/** Whether a disk begins with what its base was filled with. */
async function hasData(path: string): Promise<boolean> {
  const { stdout } = await run("qemu-io", ["-f", "qcow2", "-c", "read -P 7 0 64k", path]);
  return !stdout.includes("Pattern verification failed");
}

describeWithLibvirt("ensureDisk", () => {
  it("makes a blank disk, claims it, and leaves nothing else", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");

    await ensureDisk(wanted(path), signal);

    expect(await imageInfo(path, "qcow2", signal)).toEqual({
      format: "qcow2",
      virtualSizeBytes: 4 * mebibyte,
      backingPath: undefined,
    });
    expect(await readClaim(path)).toEqual({ ...owner, retained: false, format: "qcow2" });
    expect((await readdir(folder)).toSorted()).toEqual(["a.qcow2", "a.qcow2.persys"]);
    // Whatever the agent's umask.
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("leaves a disk that is there as it is, and claims none that it has not made", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "mine.img");
    await writeFile(path, "data");

    await ensureDisk(wanted(path, { format: "raw" }), signal);
    await removeDisk(path, owner);

    expect(await readFile(path, "utf8")).toBe("data");
    expect(await readdir(folder)).toEqual(["mine.img"]);
  });

  it("goes on after whatever cut it off", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    await ensureDisk(wanted(path), signal);
    await rm(path);
    await writeFile(`${path}.persys-new`, "half");

    await ensureDisk(wanted(path), signal);

    expect((await readdir(folder)).toSorted()).toEqual(["a.qcow2", "a.qcow2.persys"]);
  });

  it("refuses a disk that was made for another workload, and does nothing to it", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    await ensureDisk(wanted(path, { claim: { ...owner, id: "other", retained: false } }), signal);
    const before = await stat(path);

    await expect(ensureDisk(wanted(path), signal)).rejects.toMatchObject({
      code: "NAME_CONFLICT",
      effect: "none",
    });
    await removeDisk(path, owner);

    expect((await stat(path)).ino).toBe(before.ino);
  });

  it("refuses a disk that somebody else has made where it was to be made, and does nothing to it", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    await writeFile(path, "theirs");

    const wish = wanted(path, { mayBeForeign: false });
    await expect(ensureDisk(wish, signal)).rejects.toMatchObject({
      code: "NAME_CONFLICT",
      effect: "none",
    });
    await removeDisk(path, owner);

    expect(await readdir(folder)).toEqual(["a.qcow2"]);
    expect(await readFile(path, "utf8")).toBe("theirs");
  });

  it("makes no disk where one of another workload would be made, and takes one that is there", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "other-vda.qcow2");
    const wish = wanted(path, { reservedFor: "other" });

    await expect(ensureDisk(wish, signal)).rejects.toMatchObject({
      code: "INVALID_SPEC",
      effect: "none",
    });
    expect(await readdir(folder)).toEqual([]);

    await writeFile(path, "theirs");
    await ensureDisk(wish, signal);
    expect(await readdir(folder)).toEqual(["other-vda.qcow2"]);
  });

  it("does not take a claim that cannot be understood for none", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    await writeFile(claimPath(path), "{");

    await expect(ensureDisk(wanted(path), signal)).rejects.toMatchObject({ code: "STORAGE_ERROR" });
    await expect(removeDisk(path, owner)).rejects.toMatchObject({ code: "STORAGE_ERROR" });
  });

  it.each([false, true])("makes a disk with the data of its base (copied: %s)", async (copied) => {
    const folder = await temporaryFolder();
    const base = await madeBase(folder);
    const path = join(folder, "a.qcow2");

    await ensureDisk(wanted(path, { base: { ...base, copied } }), signal);

    expect(await hasData(path)).toBe(true);
    expect(await imageInfo(path, "qcow2", signal)).toMatchObject({
      virtualSizeBytes: 4 * mebibyte,
      backingPath: copied ? undefined : base.path,
    });
  });

  it("is as large as its base where no size is stated", async () => {
    const folder = await temporaryFolder();
    const base = await madeBase(folder);
    const path = join(folder, "a.qcow2");

    await ensureDisk(
      wanted(path, { sizeBytes: undefined, base: { ...base, copied: false } }),
      signal,
    );

    expect((await imageInfo(path, "qcow2", signal)).virtualSizeBytes).toBe(2 * mebibyte);
  });

  it.each([
    ["a base of another checksum", { sha256: "0".repeat(64) }, "INVALID_SPEC"],
    ["a base that is not there", { path: "/nowhere/base" }, "IMAGE_NOT_FOUND"],
  ])("refuses %s", async (_, changes, code) => {
    const folder = await temporaryFolder();
    const base = await madeBase(folder);
    const path = join(folder, "a.qcow2");

    await expect(
      ensureDisk(wanted(path, { base: { ...base, copied: false, ...changes } }), signal),
    ).rejects.toMatchObject({ code });

    await removeDisk(path, owner);
    expect(await readdir(folder)).toEqual(["base.qcow2"]);
  });

  it("refuses a disk that is smaller than its base, and a blank one without a size", async () => {
    const folder = await temporaryFolder();
    const base = await madeBase(folder);
    const path = join(folder, "a.qcow2");
    const small = wanted(path, { sizeBytes: mebibyte, base: { ...base, copied: false } });

    await expect(ensureDisk(small, signal)).rejects.toMatchObject({ code: "INVALID_SPEC" });
    await expect(ensureDisk(wanted(path, { sizeBytes: undefined }), signal)).rejects.toMatchObject({
      code: "INVALID_SPEC",
    });
  });
});

describeWithLibvirt("growDisk", () => {
  it("leaves a disk that was not made for the workload as large as it is", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.img");
    await writeFile(path, "data");

    await growDisk(wanted(path, { format: "raw", sizeBytes: 8 * mebibyte }), signal);

    expect(await readFile(path, "utf8")).toBe("data");
  });

  it("makes a disk larger with its data, and never smaller", async () => {
    const folder = await temporaryFolder();
    const base = await madeBase(folder);
    const disk = wanted(join(folder, "a.qcow2"), { base: { ...base, copied: false } });
    await ensureDisk(disk, signal);

    await growDisk({ ...disk, sizeBytes: 8 * mebibyte }, signal);
    await growDisk({ ...disk, sizeBytes: mebibyte }, signal);

    expect((await imageInfo(disk.path, "qcow2", signal)).virtualSizeBytes).toBe(8 * mebibyte);
    expect(await hasData(disk.path)).toBe(true);
  });
});

describeWithLibvirt("removeDisk", () => {
  it("removes what was made, and its claim; again it succeeds", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    await ensureDisk(wanted(path), signal);

    await removeDisk(path, owner);
    await removeDisk(path, owner);

    expect(await readdir(folder)).toEqual([]);
  });

  it("leaves a disk that is retained to the next machine of the workload", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    await ensureDisk(wanted(path), signal);
    await ensureDisk(wanted(path, { claim: { ...owner, retained: true } }), signal);

    await removeDisk(path, owner);

    expect((await readdir(folder)).toSorted()).toEqual(["a.qcow2", "a.qcow2.persys"]);
    const { ino } = await stat(path);
    const claim = { ...owner, uid: "next", retained: false };
    await ensureDisk(wanted(path, { claim, mayBeForeign: false }), signal);
    expect((await stat(path)).ino).toBe(ino);
    await removeDisk(path, owner);
    expect(await readdir(folder)).toEqual([]);
  });
});

describeWithLibvirt("imageChain", () => {
  it("tells every file an image stands on, and opens none before it is admitted", async () => {
    const folder = await temporaryFolder();
    const base = await madeBase(folder);
    const disk = wanted(join(folder, "a.qcow2"), { base: { ...base, copied: false } });
    await ensureDisk(disk, signal);
    const admitted: string[] = [];
    const admit = (path: string): Promise<void> => {
      admitted.push(path);
      return path === base.path ? Promise.reject(new Error("not that")) : Promise.resolve();
    };

    await expect(imageChain(disk.path, "qcow2", { admit, signal })).rejects.toThrow("not that");

    expect(admitted).toEqual([disk.path, base.path]);
    const all = () => Promise.resolve();
    expect(await imageChain(disk.path, "qcow2", { admit: all, signal })).toEqual(admitted);
  });

  it.each(["nbd://127.0.0.1:1/x", `json:{"driver":"file","filename":"/etc/shadow"}`, "fat:/etc"])(
    "refuses an image that stands on %s, without opening that",
    async (backing) => {
      const folder = await temporaryFolder();
      const path = join(folder, "evil.qcow2");
      await run("qemu-img", [
        "create",
        "-q",
        "-u",
        "-f",
        "qcow2",
        "-F",
        "raw",
        "-b",
        backing,
        path,
        "1M",
      ]);

      await expect(
        imageChain(path, "qcow2", { admit: () => Promise.resolve(), signal }),
      ).rejects.toMatchObject({ code: "INVALID_SPEC" });
    },
  );

  it("refuses an image that stands on itself", async () => {
    const folder = await temporaryFolder();
    const [one, two] = [join(folder, "one.qcow2"), join(folder, "two.qcow2")];
    for (const [path, base] of [
      [one, two],
      [two, one],
    ] as const)
      await run("qemu-img", `create -q -u -f qcow2 -F qcow2 -b ${base} ${path} 1M`.split(" "));

    await expect(
      imageChain(one, "qcow2", { admit: () => Promise.resolve(), signal }),
    ).rejects.toMatchObject({ code: "INVALID_SPEC" });
  });

  it("reads a raw disk as raw, whatever its guest has written to its beginning", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "guest.img");
    await run("qemu-img", [
      "create",
      "-q",
      "-u",
      "-f",
      "qcow2",
      "-F",
      "raw",
      "-b",
      "/etc/shadow",
      path,
      "1M",
    ]);

    expect(await imageChain(path, "raw", { admit: () => Promise.resolve(), signal })).toEqual([
      path,
    ]);
  });

  it("makes no disk where a link dangles", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "link.qcow2");
    await symlink(join(folder, "nowhere"), path);

    await ensureDisk(wanted(path), signal);

    expect(await readdir(folder)).toEqual(["link.qcow2"]);
  });
});
