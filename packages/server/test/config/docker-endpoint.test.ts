import { defaultDockerEndpoint, endpointFault } from "@persys/adapters/docker";
import { describe, expect, it } from "vitest";
import { configTable } from "../../src/config/config-table.ts";
import { dockerEndpoint, isRemoteEndpoint } from "../../src/config/docker-endpoint.ts";

describe("dockerEndpoint", () => {
  it.each([
    "unix:///var/run/docker.sock",
    "unix:///a",
    "unix://",
    "unix:///",
    "unix://relative",
    "tcp://127.0.0.1:2375",
    "tcp://[::1]:2376",
    "tcp://engine",
    "tcp://",
    "http://engine:2375",
    "ssh://box",
    "npipe:////./pipe/docker_engine",
    "fd://",
    "/var/run/docker.sock",
    "",
  ])("judges %s as the adapter does", (text) => {
    const read = dockerEndpoint.read(text);

    expect(read.ok ? undefined : read.rule).toBe(endpointFault(text));
  });

  it("has the adapter's default", () => {
    expect(configTable.dockerEndpoint.standard).toBe(defaultDockerEndpoint);
  });
});

describe("isRemoteEndpoint", () => {
  it("tells a socket of this machine from the network", () => {
    expect([isRemoteEndpoint("unix:///a"), isRemoteEndpoint("tcp://engine:2375")]).toEqual([
      false,
      true,
    ]);
  });
});
