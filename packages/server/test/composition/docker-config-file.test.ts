import { describe, expect, it } from "vitest";
import { dockerConfigFileOf } from "../../src/composition/docker-config-file.ts";

describe("dockerConfigFileOf", () => {
  const everywhere = { env: {}, userHome: "/srv/a", exists: () => true };

  it("is the file that is set, there or not", () => {
    const nowhere = { ...everywhere, exists: () => false };

    expect(dockerConfigFileOf("/etc/docker.json", nowhere)).toBe("/etc/docker.json");
  });

  it("is none where that is set", () => {
    expect(dockerConfigFileOf("none", everywhere)).toBeUndefined();
  });

  it("is where docker itself looks, if there is one", () => {
    const env = { DOCKER_CONFIG: "/srv/docker" };

    expect(dockerConfigFileOf("auto", everywhere)).toBe("/srv/a/.docker/config.json");
    expect(dockerConfigFileOf("auto", { ...everywhere, env })).toBe("/srv/docker/config.json");
    expect(dockerConfigFileOf("auto", { ...everywhere, exists: () => false })).toBeUndefined();
  });

  it("is not in a folder that depends on where the agent was started", () => {
    const env = { DOCKER_CONFIG: "docker" };

    expect(dockerConfigFileOf("auto", { ...everywhere, env })).toBeUndefined();
  });
});
