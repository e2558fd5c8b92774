import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import { Glances } from "../../src/docker/container-glance.ts";
import { type ContainerReport, containerReportOf } from "../../src/docker/docker-reports.ts";
import type { OwnedContainer, WorkloadContainers } from "../../src/docker/owned-containers.ts";
import { forever, idOf } from "../support/runtime-calls.ts";

function foundOf(id: string): WorkloadContainers {
  const current: OwnedContainer = {
    entry: {
      Id: id,
      Names: [`/${id}`],
      ImageID: "sha256:1",
      Created: 1,
      Labels: {},
      State: "running",
      Status: "Up 3 minutes",
      Mounts: [],
      Ports: [],
      NetworkSettings: { Networks: {} },
    },
    marks: {
      id: idOf(id),
      uid: "u",
      revisionId: "r1",
      specDigest: "v1:1",
      sequence: 1,
      instance: "i",
      configuration: undefined,
    },
  };
  return { current, kept: undefined, spare: [] };
}

function reportOf(id: string, memory: number): ContainerReport {
  return containerReportOf({
    Id: id,
    Name: `/${id}`,
    Image: "sha256:1",
    State: {
      Status: "running",
      Running: true,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      ExitCode: 0,
      StartedAt: "2026-01-01T00:00:00Z",
      FinishedAt: "0001-01-01T00:00:00Z",
    },
    Config: { Image: "web:1", Labels: {} },
    HostConfig: { Memory: memory },
    NetworkSettings: { Networks: {} },
  });
}

describe("glances", () => {
  it("change with a limit that no list shows, within as many lists as there are eights", async () => {
    const ids = Array.from({ length: 20 }, (_, at) => `c${at}`);
    const memory = new Map(ids.map((id) => [id, 1]));
    let asked = 0;
    const glances = new Glances({
      container: async (id) => {
        asked += 1;
        return reportOf(id, memory.get(id) ?? 0);
      },
    });
    const all = ids.map(foundOf);
    await glances.look(all, forever);
    expect(asked).toBe(20);
    const before = all.map((one) => glances.glanceOf(one));

    memory.set("c17", 2);
    for (let lists = 0; lists < 3; lists += 1) await glances.look(all, forever);

    expect(asked).toBe(20 + 3 * 8);
    const changed = all.filter((one, at) => glances.glanceOf(one) !== before[at]);
    expect(changed.map((one) => one.current?.entry.Id)).toEqual(["c17"]);
  });

  it("are had of all others when one container cannot be inspected", async () => {
    const failure = new AgentError("RUNTIME_ERROR", "broken", { retryable: true });
    const glances = new Glances({
      container: async (id) => {
        if (id === "broken") throw failure;
        return reportOf(id, 1);
      },
    });

    await glances.look([foundOf("broken"), foundOf("well")], forever);

    expect(glances.glanceOf(foundOf("well"))).toContain("well");
  });

  it("are had of none when the engine is away", async () => {
    const failure = new AgentError("RUNTIME_UNAVAILABLE", "away", { retryable: true });
    const glances = new Glances({
      container: async () => {
        throw failure;
      },
    });

    await expect(glances.look([foundOf("web")], forever)).rejects.toBe(failure);
  });
});
