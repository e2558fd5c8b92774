import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import {
  type Denial,
  type HostPathDemand,
  noTelemetry,
  safeHostPolicyRules,
  silentLogger,
} from "@persys/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { accessModule } from "../../src/composition/access-module.ts";
import { buildContainer } from "../../src/composition/build-container.ts";
import { agentPaths, hostPolicyRules } from "../../src/composition/host-policy.ts";
import { hostPolicyModule } from "../../src/composition/host-policy-module.ts";
import { standardModules } from "../../src/composition/standard-modules.ts";
import { systemModule } from "../../src/composition/system-module.ts";
import { tokens } from "../../src/composition/tokens.ts";
import { configRows, configTable } from "../../src/config/config-table.ts";
import { stubSettings } from "../support/stub-agent.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** What the policy of an agent with these settings says of a mount. */
async function judged(
  devDir: string,
  env: Readonly<Record<string, string>>,
  path: string,
  more: Partial<HostPathDemand> = {},
): Promise<readonly Denial[]> {
  const settings = stubSettings(devDir, env);
  const container = await buildContainer(
    { settings, logger: silentLogger, telemetry: noTelemetry },
    [systemModule, accessModule, hostPolicyModule],
  );
  const demand = { path, field: "volumes[0].hostPath", readOnly: false, ...more };
  const demands = { cpuMillicores: 0, memoryBytes: 0, hostPaths: [demand], user: "" };
  const policy = await container.getAsync(tokens.hostPolicy);
  onTestFinished(() => container.unbindAllAsync());
  return policy.current().judge(demands, "container");
}

describe("the policy of an agent", () => {
  it("is part of every agent", () => {
    expect(standardModules(stubSettings("/dev-folder"))).toContain(hostPolicyModule);
  });

  it("is the safe one where nothing is set, root in the development profile apart", () => {
    const rules = hostPolicyRules(stubSettings("/dev-folder"));

    expect({ ...rules, protectedPaths: [] }).toEqual({
      ...safeHostPolicyRules,
      protectedPaths: [],
      processUsers: ["self", "root"],
    });
    expect(configTable.processUsers.standard).toEqual([]);
  });

  it("protects all that is the agent's own, whatever is allowed", async () => {
    const folder = realpathSync(tempFolder());
    const env = { PERSYS_ALLOWED_HOST_PATHS: "/" };
    const settings = stubSettings(folder, env);

    expect(agentPaths(settings)).toEqual(
      expect.arrayContaining([
        folder,
        join(folder, "token"),
        join(folder, "state"),
        join(folder, "processes"),
        "/var/run/docker.sock",
      ]),
    );
    for (const path of [folder, join(folder, "token"), join(folder, ".."), "/run/docker.sock"]) {
      expect(await judged(folder, env, path), path).toMatchObject([
        { rule: "host-path-protected" },
      ]);
    }
    expect(await judged(folder, env, `${folder}-of-others`)).toEqual([]);
  });

  it("protects what every setting names that is a path", () => {
    const paths = configRows.filter(({ option }) => /^absolute path(?:,|$)/.test(option.type.name));
    expect(paths.length).toBeGreaterThan(5);
    for (const { option } of paths) {
      const path = `/srv/own/${option.key}`;
      const settings = stubSettings("/dev-folder", { [option.env[0]]: path });

      expect(agentPaths(settings), option.key).toContain(path);
    }
  });

  it("knows what is allowed, and its own folders, by where links lead", async () => {
    const folder = realpathSync(tempFolder());
    mkdirSync(join(folder, "real"));
    symlinkSync("real", join(folder, "link"));
    const devDir = realpathSync(tempFolder());
    const env = {
      PERSYS_ALLOWED_HOST_PATHS: join(folder, "link"),
      PERSYS_STATE_PATH: join(folder, "link", "state"),
    };

    expect(await judged(devDir, env, join(folder, "real/x"))).toEqual([]);
    expect(await judged(devDir, env, join(folder, "real/state/x"))).toMatchObject([
      { rule: "host-path-protected" },
    ]);
    expect(await judged(devDir, env, join(folder, "other"))).toMatchObject([
      { rule: "host-path", setting: "PERSYS_ALLOWED_HOST_PATHS" },
    ]);
  });
});
