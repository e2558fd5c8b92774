import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { imageFormat } from "../../src/libvirt/image-format.ts";

async function formatOf(content: Buffer | string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "persys-format-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "image"), content);
  return imageFormat(join(folder, "image"));
}

function qcow(version: number): Buffer {
  return Buffer.from([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, version]);
}

it.each([
  ["nothing", "", "raw"],
  ["a master boot record", Buffer.alloc(512, 0xaa), "raw"],
  ["less than a version", qcow(2).subarray(0, 3), "raw"],
  ["qcow2 of old", qcow(2), "qcow2"],
  ["qcow2", qcow(3), "qcow2"],
])("takes what begins like %s for what it is", async (_, content, format) => {
  expect(await formatOf(content)).toBe(format);
});

it.each([
  ["qcow", qcow(1)],
  ["qcow", qcow(2).subarray(0, 4)],
  ["vmdk", '# Disk DescriptorFile\nRW 4 FLAT "/dev/sda" 0\n'],
  ["vdi", Buffer.concat([Buffer.alloc(0x40), Buffer.from([0x7f, 0x10, 0xda, 0xbe])])],
  ["vhdx", "vhdxfile"],
])("refuses %s", async (format, content) => {
  await expect(formatOf(content)).rejects.toMatchObject({
    code: "INVALID_SPEC",
    fault: "user",
    retryable: false,
    message: expect.stringContaining(` has the format ${format},`),
  });
});

it("does not take what cannot be read for anything", async () => {
  await expect(imageFormat("/nonexistent/image")).rejects.toMatchObject({
    code: "STORAGE_ERROR",
    retryable: true,
  });
});
