import { noTelemetry, silentLogger } from "@persys/core";
import { ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import { buildContainer } from "../../src/composition/build-container.ts";
import { dockerModule, dockerRuntimeOptions } from "../../src/composition/docker-module.ts";
import { standardModules } from "../../src/composition/standard-modules.ts";
import { tokens } from "../../src/composition/tokens.ts";
import { exitCodes } from "../../src/exit-codes.ts";
import { stubSettings } from "../support/stub-agent.ts";
import { tempFolder } from "../support/temp-folder.ts";

const withoutSecrets = new ContainerModule(({ bind }) => {
  bind(tokens.secretSource).toConstantValue({ read: () => Promise.reject(new Error("none")) });
});

describe("dockerModule", () => {
  it("is part of the agent unless it is switched off", () => {
    const off = stubSettings("/dev-folder", { PERSYS_DOCKER_ENABLED: "false" });

    expect(standardModules(stubSettings("/dev-folder"))).toContain(dockerModule);
    expect(standardModules(off)).not.toContain(dockerModule);
  });

  it("makes a runtime of containers without asking an engine for anything", async () => {
    const settings = stubSettings("/dev-folder", { PERSYS_DOCKER_ENDPOINT: "unix:///none" });
    const foundation = { settings, logger: silentLogger, telemetry: noTelemetry };

    const container = await buildContainer(foundation, [dockerModule, withoutSecrets]);

    expect((await container.getAsync(tokens.runtime)).type).toBe("container");
  });

  it("says what is missing of the certificates", async () => {
    const folder = tempFolder();
    const settings = stubSettings("/dev-folder", {
      PERSYS_DOCKER_ENDPOINT: "tcp://127.0.0.1:2376",
      PERSYS_DOCKER_CERTS: folder,
    });
    const foundation = { settings, logger: silentLogger, telemetry: noTelemetry };
    const container = await buildContainer(foundation, [dockerModule, withoutSecrets]);

    await expect(container.getAsync(tokens.runtime)).rejects.toMatchObject({
      exitCode: exitCodes.configuration,
      message: expect.stringContaining(`in ${folder} cannot be read (ENOENT)`),
    });
  });
});

describe("dockerRuntimeOptions", () => {
  it("leaves out what there is none of", () => {
    expect(dockerRuntimeOptions(stubSettings("/dev-folder"))).toEqual({
      endpoint: "unix:///var/run/docker.sock",
      nodeId: "/dev-folder",
      registryAuthFolder: "/dev-folder/registry-auth",
      pullIdleTimeoutMs: 120_000,
    });
  });

  it("passes on what is set", () => {
    const settings = stubSettings("/dev-folder", {
      PERSYS_DOCKER_ENDPOINT: "tcp://engine",
      PERSYS_DOCKER_CERTS: "/certs",
      PERSYS_REGISTRY_AUTH_DIR: "/auth",
      PERSYS_PULL_IDLE_TIMEOUT: "5s",
    });

    expect(dockerRuntimeOptions({ ...settings, dockerConfigFile: "/c.json" })).toMatchObject({
      endpoint: "tcp://engine",
      certificates: "/certs",
      registryAuthFolder: "/auth",
      dockerConfigFile: "/c.json",
      pullIdleTimeoutMs: 5_000,
    });
  });
});
