import { mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { basePath, realBasePath } from "../../src/libvirt/base-images.ts";

it("finds an image by its name, with or without its ending, and takes a path for itself", async () => {
  const folder = await mkdtemp(join(tmpdir(), "persys-images-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await Promise.all(
    ["debian-12.qcow2", "alpine", "alpine.img", "old.raw"].map((name) =>
      writeFile(join(folder, name), ""),
    ),
  );

  const found = await Promise.all(
    ["debian-12.qcow2", "debian-12", "alpine", "old", "none", "/srv/x"].map((name) =>
      basePath(name, folder),
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

it("knows an image by what a link to it leads to now", async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "persys-images-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "debian-12.1.qcow2"), "");
  await symlink("debian-12.1.qcow2", join(folder, "debian-12.qcow2"));

  expect(await realBasePath("debian-12", folder)).toBe(join(folder, "debian-12.1.qcow2"));
  expect(await realBasePath("none", folder)).toBe(join(folder, "none"));
});
