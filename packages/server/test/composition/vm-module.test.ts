import { noTelemetry, silentLogger } from "@persys/core";
import { describe, expect, it } from "vitest";
import { buildContainer } from "../../src/composition/build-container.ts";
import { agentPaths } from "../../src/composition/host-policy.ts";
import { standardModules } from "../../src/composition/standard-modules.ts";
import { tokens } from "../../src/composition/tokens.ts";
import { vmModule, vmRuntimeOptions } from "../../src/composition/vm-module.ts";
import { stubSettings } from "../support/stub-agent.ts";

describe("vmModule", () => {
  it("is part of the agent unless it is switched off", () => {
    const modules = (env: Readonly<Record<string, string>>): readonly unknown[] =>
      standardModules(stubSettings("/dev-folder", env));

    expect(modules({})).toContain(vmModule);
    expect(modules({ PERSYS_DOCKER_ENABLED: "false" })).toContain(vmModule);
    expect(modules({ PERSYS_VM_ENABLED: "false" })).not.toContain(vmModule);
  });

  it("makes a runtime of machines without looking for libvirt, and lets go of it", async () => {
    const settings = stubSettings("/dev-folder", {
      PERSYS_LIBVIRT_URI: "qemu+unix:///system?socket=/none",
    });
    const foundation = { settings, logger: silentLogger, telemetry: noTelemetry };

    const container = await buildContainer(foundation, [vmModule]);
    const runtime = await container.getAsync(tokens.runtime);

    expect(runtime.type).toBe("vm");
    expect(await runtime.probe(new AbortController().signal)).toMatchObject({ healthy: false });
    await container.unbindAllAsync();
  });
});

describe("vmRuntimeOptions", () => {
  it("has a place for everything in the development profile's folder", () => {
    expect(vmRuntimeOptions(stubSettings("/dev-folder"))).toEqual({
      nodeId: "/dev-folder",
      uri: "qemu:///system",
      accelerator: "auto",
      folder: "/dev-folder/vm",
      diskFolder: "/dev-folder/vm/disks",
      imageFolder: "/dev-folder/vm/images",
    });
  });

  it("passes on what is set", () => {
    const env = {
      LIBVIRT_DEFAULT_URI: "qemu:///session",
      PERSYS_VM_ACCEL: "tcg",
      PERSYS_VM_ROOT: "/srv/vm",
      PERSYS_VM_DISK_DIR: "/srv/disks",
      PERSYS_VM_IMAGE_DIR: "/srv/images",
    };

    expect(vmRuntimeOptions(stubSettings("/dev-folder", env))).toMatchObject({
      uri: "qemu:///session",
      accelerator: "tcg",
      folder: "/srv/vm",
      diskFolder: "/srv/disks",
      imageFolder: "/srv/images",
    });
  });
});

it("keeps the socket of libvirt to itself", () => {
  const env = { PERSYS_LIBVIRT_URI: "qemu+unix:///system?socket=/srv/libvirt.sock" };

  expect(agentPaths(stubSettings("/dev-folder", env))).toContain("/srv/libvirt.sock");
});
