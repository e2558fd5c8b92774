import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { VmFolders } from "../../src/libvirt/vm-folders.ts";
import { aTarget } from "./targets.ts";

const { id } = aTarget();
const disk = { disks: ["/a"] };

describe("VmFolders", () => {
  let root: string;
  let folders: VmFolders;

  beforeEach(async () => {
    const folder = await mkdtemp("/tmp/persys-vf-");
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    root = join(folder, "vm");
    folders = new VmFolders(root);
  });

  it("makes a folder that others get through and do not see into", async () => {
    const path = await folders.ensure(id);
    await chmod(path, 0o700);
    await folders.ensure(id);

    expect((await stat(path)).mode & 0o777).toBe(0o711);
    expect((await stat(root)).mode & 0o777).toBe(0o711);
  });

  it("remembers all that it was told of, once", async () => {
    const [first, second] = [
      { network: "lan", mac: "52:54:00:00:00:01" },
      { network: "default", mac: "52:54:00:00:00:01" },
    ];
    expect(await folders.madeFor(id)).toEqual({
      disks: [],
      seen: [],
      policies: [],
      reservations: [],
      interfaces: [],
    });
    await folders.note(id, { disks: ["/a", "/b"], reservations: [first] });
    await folders.note(id, { disks: ["/b", "/c"], seen: ["/b"], reservations: [first, second] });
    for (const interfaces of [[first], [second, first]]) await folders.note(id, { interfaces });

    expect(await new VmFolders(root).madeFor(id)).toEqual({
      disks: ["/a", "/b", "/c"],
      seen: ["/b"],
      policies: [],
      reservations: [first, second],
      interfaces: [first, second],
    });
  });

  it("remembers what the revisions that are kept say of each disk", async () => {
    const policy = (digest: string, retained: boolean) => ({ digest, path: "/a", retained });
    await folders.note(id, { policies: [policy("d1", true), policy("d2", true)] });
    await folders.note(id, { policies: [policy("d2", false)] });

    expect((await folders.madeFor(id)).policies).toEqual([policy("d1", true), policy("d2", false)]);
    await folders.dropPolicies(id, ["d2"]);
    expect((await folders.madeFor(id)).policies).toEqual([policy("d2", false)]);
  });

  it("reads an index of before interfaces were noted", async () => {
    const made = { disks: ["/a"], seen: [], policies: [], reservations: [] };
    await writeFile(join(await folders.ensure(id), "made.json"), JSON.stringify(made));

    expect(await folders.madeFor(id)).toEqual({ ...made, interfaces: [] });
  });

  it("takes an index that was damaged for no empty one", async () => {
    await folders.note(id, disk);
    await writeFile(join(root, id, "made.json"), '{"disks":');

    await expect(folders.madeFor(id)).rejects.toMatchObject({ code: "STORAGE_ERROR" });
  });

  it("names a seed by its spec and its creation", () => {
    const target = aTarget();
    const names = [target, aTarget({ uid: "uid-2" }), aTarget({ specDigest: "digest-2" })];

    expect(new Set(names.map((one) => folders.seedOf(one))).size).toBe(3);
    expect(folders.seedOf({ ...target })).toBe(folders.seedOf(target));
  });

  it("has one file for the variables of a machine's firmware, for all its revisions", () => {
    const target = aTarget();

    expect(folders.variablesOf(aTarget({ revisionId: "r2" }))).toBe(folders.variablesOf(target));
    expect(folders.variablesOf(aTarget({ uid: "uid-2" }))).not.toBe(folders.variablesOf(target));
  });

  it("removes what is not kept, and never the index", async () => {
    const console = folders.consoleLogOf(id, "i2");
    const former = folders.consoleLogOf(id, "i1");
    const wanted = folders.seedOf(aTarget());
    await folders.note(id, disk);
    for (const path of [console, `${console}.0`, former, `${former}.0`, wanted])
      await writeFile(path, "");
    await writeFile(folders.seedOf(aTarget({ specDigest: "digest-2" })), "");

    await folders.tidy(id, { paths: [console], digests: [aTarget().specDigest], variables: false });

    const left = [console, `${console}.0`, wanted, join(root, id, "made.json")];
    expect((await readdir(join(root, id))).map((name) => join(root, id, name)).toSorted()).toEqual(
      left.toSorted(),
    );
    await folders.remove(id);
    await folders.remove(id);
    expect(await readdir(root)).toEqual([]);
  });
});
