import { describe, expect, it } from "vitest";
import { projectInstances, type SeenProject } from "../../src/compose/project-observation.ts";
import type { WantedService } from "../../src/compose/project-state.ts";
import { type SeenContainer, verdictOf } from "../../src/compose/service-verdict.ts";
import { containerReportOf } from "../../src/docker/docker-reports.ts";
import { idOf } from "../support/runtime-calls.ts";

const nowMs = Date.parse("2030-01-01T00:01:00Z");

/** A container of service `web`, in a state as the engine of Docker tells it. */
function container(state: object = {}, restarts = 0, id = "a"): SeenContainer {
  const report = containerReportOf({
    Id: id,
    Name: "/web",
    Image: "sha256:1",
    RestartCount: restarts,
    Mounts: [],
    State: {
      Status: "running",
      Running: true,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      ExitCode: 0,
      StartedAt: "2030-01-01T00:00:00Z",
      FinishedAt: "0001-01-01T00:00:00Z",
      ...state,
    },
    Config: { Image: "web:1", Labels: {} },
    HostConfig: {},
    NetworkSettings: {},
  });
  return { service: "web", hash: "h", report };
}

function exited(code: number, restarts = 0): SeenContainer {
  const state = { Status: "exited", Running: false, ExitCode: code };
  return container({ ...state, FinishedAt: "2030-01-01T00:00:30Z" }, restarts);
}

function wanted(over: Partial<WantedService> = {}): WantedService {
  const none = { image: "web:1", replicas: 1, restart: "", restartsMax: 0, dependsOn: [] };
  return { name: "web", ...none, ...over };
}

function standing(of: Partial<WantedService>, ...containers: readonly SeenContainer[]): string {
  return verdictOf(wanted(of), containers, { stopped: false, nowMs }).standing;
}

describe("verdictOf", () => {
  it.each([
    ["", 0, "done"],
    ["", 1, "broken"],
    ["no", 0, "done"],
    ["no", 1, "failed"],
    ["always", 0, "broken"],
    ["always", 1, "broken"],
    ["unless-stopped", 0, "broken"],
    ["on-failure", 0, "done"],
    ["on-failure", 1, "broken"],
  ])("takes a service with restart %j that ended with %i for %s", (restart, code, expected) => {
    expect(standing({ restart }, exited(code))).toBe(expected);
  });

  it("takes a service whose restarts are used up for failed", () => {
    expect(standing({ restart: "on-failure", restartsMax: 3 }, exited(1, 3))).toBe("failed");
    expect(standing({ restart: "on-failure", restartsMax: 3 }, exited(1, 2))).toBe("broken");
  });

  it("takes one that restarts again and again for unhealthy, naming it, and a single restart for a start", () => {
    const restarting = { Status: "restarting", Restarting: true, ExitCode: 2 };
    expect(standing({}, container(restarting, 1))).toBe("starting");
    const verdict = verdictOf(wanted(), [container(restarting, 3)], { stopped: false, nowMs });
    expect(verdict).toMatchObject({
      standing: "unhealthy",
      phrase: "service web restarts in a loop (3 times, exit code 2)",
    });
    const justUp = { StartedAt: "2030-01-01T00:00:55Z" };
    expect(standing({}, container(justUp, 5))).toBe("unhealthy");
    expect(standing({}, container({}, 5))).toBe("up");
  });

  it("misses containers that are gone, and sees those that are frozen or were never started", () => {
    expect(standing({ replicas: 2 }, container())).toBe("broken");
    expect(standing({ replicas: 2 }, container(), container({}, 0, "b"))).toBe("up");
    expect(standing({ replicas: 0 })).toBe("done");
    expect(standing({}, container({ Paused: true, Status: "paused" }))).toBe("frozen");
    expect(standing({}, container({ Running: false, Status: "created" }))).toBe("broken");
  });

  it("passes on what health checks say", () => {
    const health = (Status: string): object => ({ Health: { Status, Log: [{ Output: "why" }] } });
    expect(standing({}, container(health("healthy")))).toBe("up");
    expect(standing({}, container(health("starting")))).toBe("starting");
    const verdict = verdictOf(wanted(), [container(health("unhealthy"))], {
      stopped: false,
      nowMs,
    });
    expect(verdict.phrase).toBe("service web is unhealthy: why");
  });
});

describe("projectInstances", () => {
  const revision = {
    project: "shop",
    services: [wanted(), wanted({ name: "job" })],
    profiles: [],
    needsEnv: false,
    retainVolumes: false,
    names: [],
  };
  const made = {
    sequence: 1,
    turn: 0,
    uid: "u",
    revisionId: "1",
    specDigest: "d",
    finished: true,
    revision,
    hashes: { web: "h", job: "h" },
  };

  function seen(containers: readonly SeenContainer[], over: object = {}): SeenProject {
    const state = { id: idOf("shop"), sequence: 1, stopped: false, current: made, ...over };
    return { state, containers, uid: "u", nowMs };
  }

  const job = (of: SeenContainer): SeenContainer => ({ ...of, service: "job" });

  it("is running while one service runs and the other is done", () => {
    const [instance] = projectInstances(seen([container(), job(exited(0))]));
    expect(instance).toMatchObject({ state: "running", health: "none", drift: [] });
  });

  it("has something to be put right while a service is down that should not be", () => {
    const [instance] = projectInstances(seen([container(), job(exited(3))]));
    expect(instance?.drift).toEqual(["service job ended with exit code 3"]);
  });

  it("has ended with 0 once all services are done, and with the code of the one that has failed", () => {
    const [done] = projectInstances(seen([exited(0), job(exited(0))]));
    expect(done).toMatchObject({ state: "exited", exit: { kind: "code", code: 0 } });
    const [failed] = projectInstances(seen([exited(0), job(exited(3))]));
    expect(failed).toMatchObject({ state: "exited", exit: { kind: "code", code: 3 } });
  });

  it("has not ended well where a service is gone", () => {
    const [instance] = projectInstances(seen([exited(0)]));
    expect(instance).toMatchObject({ state: "exited", exit: { kind: "unknown" } });
  });

  it("is not whole where its last command did not come to its end, or somebody made a service anew", () => {
    const unfinished = { current: { ...made, finished: false } };
    const all = [container(), job(exited(0))];
    expect(projectInstances(seen(all, unfinished))[0]?.drift).toEqual([
      "it was not brought up to the end",
    ]);
    const changed = [{ ...container(), hash: "other" }, job(exited(0))];
    expect(projectInstances(seen(changed))[0]?.drift).toEqual([
      "service web was made from something else",
    ]);
  });

  it("belongs to no revision where its folder is lost", () => {
    const [instance] = projectInstances({
      state: undefined,
      containers: [container()],
      uid: "u",
      nowMs,
    });
    expect(instance).toMatchObject({ state: "running", uid: "u", revisionId: "", specDigest: "" });
  });

  it("is absent without containers, and what is kept is there all the same", () => {
    expect(projectInstances(seen([]))).toEqual([]);
    const kept = { ...made, run: "r", startedAtMs: 1 };
    expect(projectInstances(seen([], { kept }))).toMatchObject([{ kept: true, state: "exited" }]);
  });
});
