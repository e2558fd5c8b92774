import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { basePath } from "../../src/libvirt/base-images.ts";

it("finds an image by its name, with or without its ending, and takes a path for itself", async () => {
  const folder = await mkdtemp(join(tmpdir(), "persys-images-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await Promise.all(
    ["debian-12.qcow2", "alpine", "alpine.img", "old.raw"].map((it) =>
      writeFile(join(folder, it), ""),
    ),
  );

  const found = await Promise.all(
    ["debian-12.qcow2", "debian-12", "alpine", "old", "none", "/srv/x"].map((it) =>
      basePath(it, folder),
    ),
  );

  expect(found).toEqual([
    join(folder, "debian-12.qcow2"),
    join(folder, "debian-12.qcow2"),
    join(folder, "alpine"),
    join(folder, "old.raw"),
    join(folder, "none"),
    "/srv/x",
  ]);
});
