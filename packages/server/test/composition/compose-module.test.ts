import {
  fixedHostPolicy,
  hostPolicyOf,
  noTelemetry,
  safeHostPolicyRules,
  silentLogger,
} from "@persys/core";
import { ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import { buildContainer } from "../../src/composition/build-container.ts";
import { composeModule, composeRuntimeOptions } from "../../src/composition/compose-module.ts";
import { standardModules } from "../../src/composition/standard-modules.ts";
import { tokens } from "../../src/composition/tokens.ts";
import { stubSettings } from "../support/stub-agent.ts";

/** What keeps and finds secrets: nothing is asked of it. */
const others = new ContainerModule(({ bind }) => {
  bind(tokens.secretSource).toConstantValue({ read: () => Promise.reject(new Error("none")) });
  bind(tokens.secretSealer).toConstantValue({
    keyId: "none",
    seal: (text) => text,
    unseal: (text) => text,
    keyOf: () => "current",
    digest: () => undefined,
  });
  bind(tokens.hostPolicy).toConstantValue(fixedHostPolicy(hostPolicyOf(safeHostPolicyRules)));
});

describe("composeModule", () => {
  it("is part of the agent unless it, or the engine of Docker, is switched off", () => {
    const modules = (env: Readonly<Record<string, string>>): readonly unknown[] =>
      standardModules(stubSettings("/dev-folder", env));

    expect(modules({})).toContain(composeModule);
    expect(modules({ PERSYS_COMPOSE_ENABLED: "false" })).not.toContain(composeModule);
    expect(modules({ PERSYS_DOCKER_ENABLED: "false" })).not.toContain(composeModule);
  });

  it("makes a runtime of compose applications without looking for a command or an engine", async () => {
    const settings = stubSettings("/dev-folder", { PERSYS_DOCKER_ENDPOINT: "unix:///none" });
    const foundation = { settings, logger: silentLogger, telemetry: noTelemetry };

    const container = await buildContainer(foundation, [others, composeModule]);

    expect((await container.getAsync(tokens.runtime)).type).toBe("compose");
  });
});

describe("composeRuntimeOptions", () => {
  it("leaves out what there is none of", () => {
    expect(composeRuntimeOptions(stubSettings("/dev-folder"))).toEqual({
      endpoint: "unix:///var/run/docker.sock",
      folder: "/dev-folder/compose",
      nodeId: "/dev-folder",
      pullIdleTimeoutMs: 120_000,
    });
  });

  it("passes on what is set", () => {
    const env = {
      PERSYS_COMPOSE_BINARY: "/opt/docker compose",
      PERSYS_COMPOSE_ROOT: "/srv/compose",
    };

    expect(composeRuntimeOptions(stubSettings("/dev-folder", env))).toMatchObject({
      binary: ["/opt/docker", "compose"],
      folder: "/srv/compose",
    });
  });
});
