import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { makeSeedImage } from "../../src/libvirt/seed-image.ts";
import type { SeedFileName } from "../../src/libvirt/seed-files.ts";

const run = promisify(execFile);
const signal = new AbortController().signal;

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "persys-seed-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const files = new Map<SeedFileName, string>([
  ["user-data", "#cloud-config\nruncmd: [\"echo 'ü'\"]\n"],
  ["meta-data", "{}\n"],
  ["network-config", "version: 2\n"],
]);

describeWithLibvirt("makeSeedImage", () => {
  it("makes a volume named as cloud-init wants it, with the files as they are", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "seed.iso");

    await makeSeedImage(files, path, signal);

    const out = join(folder, "out");
    const { stderr } = await run("xorriso", [
      "-osirrox",
      "on",
      "-indev",
      path,
      "-extract",
      "/",
      out,
    ]);
    expect(stderr).toContain("Volume id    : 'cidata'");
    for (const [name, content] of files)
      expect(await readFile(join(out, name), "utf8")).toBe(content);
    expect((await stat(path)).mode % 0o1000).toBe(0o600);
  });

  it("replaces an image, and leaves nothing else", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "seed.iso");
    await makeSeedImage(new Map([["user-data", "first"]]), path, signal);

    await makeSeedImage(files, path, signal);

    expect(await readdir(folder)).toEqual(["seed.iso"]);
    expect((await readFile(path)).includes("echo 'ü'")).toBe(true);
  });

  it("says where it could not write, without what it was to write", async () => {
    const folder = await temporaryFolder();

    await expect(
      makeSeedImage(files, join(folder, "none", "seed.iso"), signal),
    ).rejects.toMatchObject({
      code: "STORAGE_ERROR",
      retryable: true,
      message: expect.stringContaining("ENOENT"),
    });
  });

  it("gives up with its signal's reason, and leaves nothing", async () => {
    const folder = await temporaryFolder();
    const controller = new AbortController();
    const making = makeSeedImage(files, join(folder, "seed.iso"), controller.signal);
    const reason = new Error("enough");

    controller.abort(reason);

    await expect(making).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });
});
