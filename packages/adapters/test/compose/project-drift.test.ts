import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import { containerDrift, knownAfterUp, setRight } from "../../src/compose/project-drift.ts";
import type { MadeRevision, ProjectState } from "../../src/compose/project-state.ts";
import type { SeenContainer } from "../../src/compose/service-verdict.ts";
import { configurationOf, configurationText } from "../../src/docker/container-configuration.ts";
import { containerReportOf } from "../../src/docker/docker-reports.ts";
import { forever, idOf } from "../support/runtime-calls.ts";

const mib = 1_048_576;

/** A container of a service, with these members of its configuration in the engine. */
function seen(service: string, id: string, host: object = {}, running = true): SeenContainer {
  const report = containerReportOf({
    Id: id,
    Name: `/shop-${service}-1`,
    Image: "image-1",
    State: {
      Status: running ? "running" : "exited",
      Running: running,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      ExitCode: 0,
      StartedAt: "2026-01-01T00:00:00Z",
      FinishedAt: "0001-01-01T00:00:00Z",
    },
    Config: { Image: "web:1" },
    HostConfig: { NetworkMode: "shop_default", ...host },
    NetworkSettings: { Networks: { shop_default: {} } },
  });
  return { service, hash: `hash-${id}`, report };
}

function configurationsOf(containers: readonly SeenContainer[]): Record<string, string> {
  return Object.fromEntries(
    containers.map(({ report }) => [report.Id, configurationText(configurationOf(report))]),
  );
}

const made: MadeRevision = {
  sequence: 1,
  turn: 0,
  uid: "uid",
  revisionId: "1",
  specDigest: "digest",
  finished: true,
  revision: {
    project: "shop",
    services: [],
    profiles: [],
    retainVolumes: false,
    names: [],
  },
  hashes: { web: "hash-old", db: "hash-old" },
};

describe("containerDrift", () => {
  it("names service and limit of what was changed since it was made, and nothing of others", () => {
    const before = seen("web", "w1", { Memory: 64 * mib, MemorySwap: 128 * mib });
    const after = seen("web", "w1", { Memory: 96 * mib, MemorySwap: 128 * mib });
    const configurations = configurationsOf([before]);

    expect(containerDrift({ configurations, containers: [before] })).toEqual([]);
    expect(containerDrift({ configurations, containers: [after, seen("db", "d1")] })).toMatchObject(
      [{ service: "web", phrase: "service web: memory is 96 MiB instead of 64 MiB", isLive: true }],
    );
  });

  it("is told of a service whose network was that of a container which is gone", () => {
    const web = seen("web", "w1", { NetworkMode: "container:d1" });
    expect(containerDrift({ configurations: {}, containers: [web, seen("db", "d1")] })).toEqual([]);
    expect(
      containerDrift({ configurations: {}, containers: [web, seen("db", "d2")] }),
    ).toMatchObject([{ phrase: "service web: the container whose network it shares is gone" }]);
  });
});

describe("setRight", () => {
  const before = seen("web", "w1", { NanoCpus: 500_000_000, CpuQuota: 0 });
  const configurations = configurationsOf([before]);

  it("changes back what the engine can, and leaves nothing then", async () => {
    const changed = seen("web", "w1", { NanoCpus: 1_000_000_000, CpuQuota: 0 });
    const changes: unknown[] = [];
    const client = {
      container: async () => before.report,
      disconnect: async () => expect.unreachable(),
      update: async (_: string, change: object) => void changes.push(change),
    };

    const left = await setRight({ configurations, containers: [changed] }, client, forever);

    expect(left).toEqual([]);
    expect(changes).toEqual([{ NanoCpus: 500_000_000 }]);
  });

  it("leaves what the engine refuses, and passes on that it does not answer", async () => {
    const changed = seen("web", "w1", { NanoCpus: 1_000_000_000, CpuQuota: 0 });
    const clientThat = (error: AgentError): Parameters<typeof setRight>[1] => ({
      container: async () => changed.report,
      disconnect: async () => undefined,
      update: async () => {
        throw error;
      },
    });
    const ground = { configurations, containers: [changed] };

    const refusing = clientThat(new AgentError("RUNTIME_ERROR", "no"));
    expect(await setRight(ground, refusing, forever)).toEqual(["web"]);
    const silent = clientThat(new AgentError("RUNTIME_UNAVAILABLE", "no answer"));
    await expect(setRight(ground, silent, forever)).rejects.toMatchObject({
      code: "RUNTIME_UNAVAILABLE",
    });
  });

  it("makes nothing again that has ended", async () => {
    const ended = seen("web", "w1", { CpuShares: 256, CpuQuota: 0, NanoCpus: 500_000_000 }, false);
    const client = {
      container: async () => ended.report,
      disconnect: async () => undefined,
      update: async () => undefined,
    };

    expect(await setRight({ configurations, containers: [ended] }, client, forever)).toEqual([]);
  });
});

describe("knownAfterUp", () => {
  const state: ProjectState = { id: idOf("shop"), sequence: 1, stopped: false };

  it("is the hash of what was made, and the one from before of what was left", () => {
    const foreign = seen("web", "w1");
    const fresh = seen("db", "d2");

    const { hashes } = knownAfterUp([foreign, fresh], { state, made, left: [foreign] });

    expect(hashes).toEqual({ web: "hash-old", db: "hash-d2" });
  });

  it("has each container as it was first seen, and forgets those that are gone", () => {
    const before = seen("web", "w1", { CpuShares: 512 });
    const after = seen("web", "w1", { CpuShares: 256 });
    const known = { ...state, configurations: configurationsOf([before, seen("db", "gone")]) };

    const { configurations } = knownAfterUp([after, seen("db", "d2")], {
      state: known,
      made,
      left: [],
    });

    expect(Object.keys(configurations)).toEqual(["w1", "d2"]);
    expect(configurations["w1"]).toBe(known.configurations["w1"]);
  });
});
