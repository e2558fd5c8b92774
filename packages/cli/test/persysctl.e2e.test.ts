import { ActualState, DesiredState } from "@persys/client/contract";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { persysctl } from "./persysctl.ts";
import { noSuchCommand, scene } from "./scene.ts";
import { tempFolder } from "./temp-folder.ts";

describe("persysctl delete, stop, start and retry", () => {
  it("deletes and waits until it is gone; an unknown id is no error", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });

    const ended = await run(["delete", "web", "nope", "--wait"]);

    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toBe(
      "web: deleting\nnope: workload not found: nothing to delete\nweb: deleted\n",
    );
    expect(agent.workloads.size).toBe(0);
  });

  it("ends with 5 when a delete takes longer than it may", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });
    agent.undying.add("web");

    expect(await run(["delete", "web", "--wait", "--timeout", "300ms"])).toMatchObject({
      exitCode: 5,
    });
  });

  it("stops and starts by the wanted state alone", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });

    expect((await run(["stop", "web", "--wait"])).stdout).toContain("web: STOPPED, as wanted");
    expect((await run(["start", "web", "--wait"])).stdout).toContain("web: RUNNING, as wanted");
    expect(agent.applied.map(({ spec, desiredState }) => ({ spec, desiredState }))).toEqual([
      { spec: undefined, desiredState: DesiredState.STOPPED },
      { spec: undefined, desiredState: DesiredState.RUNNING },
    ]);
  });

  it("says in words of its own that there is nothing to do", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web", desiredState: DesiredState.STOPPED, revisionId: "" });

    expect((await run(["stop", "web"])).stdout).toBe("web: is to be stopped already\n");
    expect((await run(["start", "web"])).stdout).toBe("web: starting\n");
  });

  it("goes on with the others when one fails, and ends with its code", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });

    const ended = await run(["stop", "nope", "web"]);

    expect(ended.exitCode).toBe(3);
    expect(ended.stdout).toContain("web: stopping");
    expect(ended.stderr).toContain("nope: workload not found");
  });

  it("retries what has failed, and says when there is nothing to retry", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web", actualState: ActualState.FAILED, failure: noSuchCommand });

    expect(await run(["retry", "web", "--wait"])).toMatchObject({ exitCode: 0 });
    expect(await run(["retry", "web"])).toMatchObject({
      exitCode: 0,
      stdout: "web: nothing to retry\n",
    });
  });
});

describe("persysctl and its agent", () => {
  it("ends with 6 and says what to do when no agent answers", async () => {
    const ended = await persysctl(["get", "--endpoint", "http://127.0.0.1:1"]);

    expect(ended.exitCode).toBe(6);
    expect(ended.stderr).toBe(
      "error: cannot reach the agent at http://127.0.0.1:1: connection refused\n  the address comes from --endpoint\n  start an agent with `npm start`, or name another with --endpoint\n",
    );
  });

  it("ends with 7 without a token and with a wrong one", async () => {
    const { run } = await scene({ token: "right" });

    expect(await run(["get"])).toMatchObject({
      exitCode: 7,
      stderr: expect.stringContaining("no token was sent"),
    });
    expect(await run(["get", "--token", "wrong"])).toMatchObject({ exitCode: 7 });
    expect(await run(["get", "--token", "right"])).toMatchObject({ exitCode: 0 });
  });

  it("finds the development agent of a folder above by itself", async () => {
    const { agent } = await scene({ token: "dev" });
    const folder = await tempFolder();
    const dev = join(folder, ".persys", "dev");
    const cwd = join(folder, "below");
    await mkdir(dev, { recursive: true });
    await mkdir(cwd);
    await writeFile(join(dev, "token"), "dev\n", { mode: 0o600 });
    await writeFile(
      join(dev, "endpoints.json"),
      JSON.stringify({ http: agent.endpoint, pid: process.pid }),
    );

    expect(await persysctl(["health"], { cwd })).toMatchObject({ exitCode: 0 });
  });

  it("keeps contexts in a file of the user's own and uses them", async () => {
    const { agent } = await scene({ token: "secret" });
    const file = join(await tempFolder(), "contexts.yaml");
    const env = { PERSYS_CONTEXT_FILE: file };

    await persysctl(["context", "set", "lab", "--endpoint", agent.endpoint, "--token", "secret"], {
      env,
    });
    await persysctl(["context", "set", "other", "--endpoint", "127.0.0.1:1"], { env });
    const list = await persysctl(["context", "list"], { env });

    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(list.stdout).toContain(`*  lab    ${agent.endpoint}`);
    expect(list.stdout).not.toContain("secret");
    expect(await persysctl(["health"], { env })).toMatchObject({ exitCode: 0 });
    expect(await persysctl(["health", "--context", "other"], { env })).toMatchObject({
      exitCode: 6,
    });
    expect(await persysctl(["context", "use", "nope"], { env })).toMatchObject({ exitCode: 2 });
  });
});
