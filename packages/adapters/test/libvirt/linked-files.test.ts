import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { linkNew } from "../../src/libvirt/linked-files.ts";

describe("linkNew", () => {
  let folder: string;
  let from: string;

  beforeEach(async () => {
    folder = await mkdtemp("/tmp/persys-lf-");
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    from = join(folder, "new");
    await writeFile(from, "ours");
  });

  it("gives a file a name that is free, and leaves what has it", async () => {
    const [free, taken] = [join(folder, "free"), join(folder, "taken")];
    await writeFile(taken, "theirs");

    expect(await linkNew(from, free)).toBe(true);
    expect(await linkNew(from, taken)).toBe(false);

    expect(await readFile(free, "utf8")).toBe("ours");
    expect(await readFile(taken, "utf8")).toBe("theirs");
  });

  it.each(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])(
    "says of a file system that answers %s that it knows no links, and what to do",
    async (code) => {
      const refused = Object.assign(new Error("refused"), { code });

      await expect(
        linkNew(from, "/shares/a.qcow2", () => Promise.reject(refused)),
      ).rejects.toMatchObject({
        code: "STORAGE_ERROR",
        retryable: false,
        effect: "none",
        message: expect.stringMatching(/\/shares.*hard links.*PERSYS_VM_DISK_DIR/),
        cause: refused,
      });
    },
  );

  it("passes on what else goes wrong", async () => {
    await expect(linkNew(from, join(folder, "nowhere", "a"))).rejects.toMatchObject({
      code: "ENOENT",
    });
  });
});
