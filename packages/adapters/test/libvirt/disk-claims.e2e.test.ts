import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { claimPath, readClaim } from "../../src/libvirt/disk-claim.ts";
import {
  ensureDisk,
  removeDisk,
  settleDisk,
  type WantedDisk,
} from "../../src/libvirt/disk-files.ts";

const run = promisify(execFile);
const signal = new AbortController().signal;
const owner = { nodeId: "node", id: "vm-1" };

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "persys-claim-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function wanted(path: string, changes: Partial<WantedDisk> = {}): WantedDisk {
  const claim = { ...owner, retained: false };
  const least = { path, format: "qcow2", base: undefined, mayBeForeign: true } as const;
  return { ...least, sizeBytes: 4_194_304, claim, ...changes };
}

describeWithLibvirt("where others may write", () => {
  it("follows no link that was put in the place of what is to be made", async () => {
    const folder = await temporaryFolder();
    const [path, victim] = [join(folder, "a.qcow2"), join(folder, "victim")];
    await writeFile(victim, "precious");
    await symlink(victim, `${path}.persys-new`);
    await symlink(victim, `${claimPath(path)}.new`);

    await ensureDisk(wanted(path), signal);
    await ensureDisk(wanted(path, { claim: { ...owner, retained: true } }), signal);

    expect(await readFile(victim, "utf8")).toBe("precious");
    expect((await readdir(folder)).toSorted()).toEqual(["a.qcow2", "a.qcow2.persys", "victim"]);
  });

  it.each([
    ["a link to a claim", (path: string, real: string) => symlink(real, path)],
    ["a pipe", (path: string) => run("mkfifo", [path])],
    ["a folder", (path: string) => mkdir(path)],
    ["more than a claim", (path: string) => writeFile(path, " ".repeat(5_000))],
  ])("does not take %s for one", async (_, plant) => {
    const folder = await temporaryFolder();
    const [path, real] = [join(folder, "a.qcow2"), join(folder, "real")];
    await writeFile(real, JSON.stringify({ ...owner, retained: false }));
    await plant(claimPath(path), real);

    await expect(ensureDisk(wanted(path), signal)).rejects.toMatchObject({
      code: "STORAGE_ERROR",
      effect: "none",
    });
    await expect(removeDisk(path, owner)).rejects.toMatchObject({ code: "STORAGE_ERROR" });
  });

  it("gives a disk that several ask for at once to one of them", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    const ids = ["vm-1", "vm-2", "vm-3"];
    const all = ids.map((id) => wanted(path, { claim: { ...owner, id, retained: false } }));

    await Promise.allSettled(all.map((disk) => ensureDisk(disk, signal)));
    const again = await Promise.allSettled(all.map((disk) => ensureDisk(disk, signal)));

    const holder = (await readClaim(path))?.id;
    expect(again.map(({ status }) => status)).toEqual(
      ids.map((id) => (id === holder ? "fulfilled" : "rejected")),
    );
    expect((await readdir(folder)).toSorted()).toEqual(["a.qcow2", "a.qcow2.persys"]);
  });
});

describeWithLibvirt("a disk of an earlier workload", () => {
  const of = (uid: string, retained: boolean) => ({ claim: { ...owner, uid, retained } });

  it("is found again where it was to stay", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    await ensureDisk(wanted(path, of("one", true)), signal);
    const { ino } = await stat(path);
    await removeDisk(path, owner);

    await ensureDisk(wanted(path, of("two", false)), signal);

    expect((await stat(path)).ino).toBe(ino);
    expect(await readClaim(path)).toMatchObject({ uid: "two", retained: false });
  });

  it("is kept until the revision has settled that no longer asks for it", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    await ensureDisk(wanted(path, of("one", true)), signal);

    await ensureDisk(wanted(path, of("one", false)), signal);
    expect(await readClaim(path)).toMatchObject({ retained: true });
    await settleDisk(wanted(path, of("one", false)));
    expect(await readClaim(path)).toMatchObject({ retained: false, format: "qcow2" });
    await settleDisk(wanted(path, { claim: { ...owner, id: "other", retained: true } }));
    expect(await readClaim(path)).toMatchObject({ retained: false });
  });

  it("is given to nobody where it was not", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    await ensureDisk(wanted(path, of("one", false)), signal);

    await expect(ensureDisk(wanted(path, of("two", false)), signal)).rejects.toMatchObject({
      code: "NAME_CONFLICT",
      effect: "none",
    });
  });

  it("is made anew where nothing of it was finished", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.qcow2");
    await ensureDisk(wanted(path, of("one", false)), signal);
    await rm(path);

    await ensureDisk(wanted(path, { ...of("two", false), format: "raw" }), signal);

    expect(await readClaim(path)).toMatchObject({ uid: "two", format: "raw" });
  });
});

it("does not let a guest write over a disk that was made in another format", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "a.img");
  await writeFile(path, "");
  await writeFile(claimPath(path), JSON.stringify({ ...owner, retained: false, format: "qcow2" }));

  await expect(ensureDisk(wanted(path, { format: "raw" }), signal)).rejects.toMatchObject({
    code: "INVALID_SPEC",
    fault: "user",
    effect: "none",
  });
});
