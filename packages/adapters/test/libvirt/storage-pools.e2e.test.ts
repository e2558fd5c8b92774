import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { poolFolders } from "../../src/libvirt/storage-pools.ts";
import { fakeHypervisor } from "./fake-hypervisor.ts";

const { signal } = new AbortController();

describeWithLibvirt("poolFolders", () => {
  it("finds the folder of a pool that is one, and asks for nothing where no disk has one", async () => {
    const connection = fakeHypervisor();

    // The hypervisor in memory comes with one pool.
    const found = await poolFolders(
      { disks: [{ pool: "default-pool" }, { sizeGb: 1 }, { pool: "default-pool" }] },
      connection,
      signal,
    );

    expect([...found]).toEqual([["default-pool", "/default-pool"]]);
    const nobody = { call: () => Promise.reject(new Error("asked")) };
    expect(await poolFolders({ disks: [{ sizeGb: 1 }] }, nobody, signal)).toEqual(new Map());
  });

  it("waits for a pool that is not there", async () => {
    const disks = [{ pool: `none-${randomUUID()}` }];

    await expect(poolFolders({ disks }, fakeHypervisor(), signal)).rejects.toMatchObject({
      code: "STORAGE_ERROR",
      retryable: true,
      effect: "none",
    });
  });
});
