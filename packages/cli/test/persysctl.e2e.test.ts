import { create } from "@bufbuild/protobuf";
import {
  ActualState,
  DesiredState,
  FailureReason,
  WorkloadFailureSchema,
} from "@persys/client/contract";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "./eventually.ts";
import { FakeAgent } from "./fake-agent.ts";
import { persysctl, type RunOptions, startPersysctl } from "./persysctl.ts";
import { tempFolder } from "./temp-folder.ts";

const hello = 'id: hello\nrevision: "1"\nspec:\n  process:\n    command: [/bin/sh]\n';

const noSuchCommand = create(WorkloadFailureSchema, {
  reason: FailureReason.COMMAND_NOT_FOUND,
  message: "no such command: /bin/nope",
  attempts: 1,
});

async function scene(options: { readonly token?: string } = {}) {
  const agent = await new FakeAgent(options).start();
  onTestFinished(() => agent.stop());
  const env = { PERSYS_ENDPOINT: agent.endpoint };
  const at = (run: RunOptions = {}): RunOptions => ({ ...run, env: { ...env, ...run.env } });
  return {
    agent,
    run: (args: readonly string[], run: RunOptions = {}) => persysctl(args, at(run)),
    start: (args: readonly string[], run: RunOptions = {}) => startPersysctl(args, at(run)),
  };
}

describe("persysctl apply", () => {
  it("applies a file and waits until it runs", async () => {
    const { agent, run } = await scene();

    const ended = await run(["apply", "-f", "-", "--wait"], { stdin: hello });

    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout).toBe("hello: applied: accepted\nhello: RUNNING, as wanted\n");
    expect(agent.applied).toMatchObject([{ id: "hello", revisionId: "1" }]);
  });

  it("says unchanged for what is already so", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "hello", desiredState: DesiredState.UNSPECIFIED });

    expect(await run(["apply", "-f", "-"], { stdin: hello })).toMatchObject({
      exitCode: 0,
      stdout: "hello: unchanged: already applied\n",
    });
  });

  it("ends with 4 when the workload fails for good", async () => {
    const { agent, run } = await scene();
    agent.scripts.set("hello", [{ actualState: ActualState.FAILED, failure: noSuchCommand }]);

    const ended = await run(["apply", "-f", "-", "--wait"], { stdin: hello });

    expect(ended.exitCode).toBe(4);
    expect(ended.stdout).toContain(
      "hello: FAILED, COMMAND_NOT_FOUND: no such command: /bin/nope; see `persysctl describe hello`",
    );
  });

  it("waits on through a failure that the agent tries again, and ends with 5 when its time is over", async () => {
    const { agent, run } = await scene();
    agent.scripts.set("hello", [
      { actualState: ActualState.FAILED, failure: { ...noSuchCommand, retryable: true } },
    ]);

    const ended = await run(["apply", "-f", "-", "--wait", "--timeout", "500ms"], { stdin: hello });

    expect(ended.exitCode).toBe(5);
    expect(ended.stdout).toContain("hello: not settled after 0s, it goes on: FAILED");
  });

  it("shows on stderr how it goes when a wait takes longer than a second, a line for each change", async () => {
    const { agent, run } = await scene();
    agent.stepMs = 1200;
    agent.scripts.set("hello", [
      { message: "fetching" },
      { actualState: ActualState.RUNNING, message: "runs" },
    ]);

    const ended = await run(["apply", "-f", "-", "--wait"], { stdin: hello });

    expect(ended.stderr.split("\n")).toEqual([
      "hello: PENDING, starting",
      "hello: PENDING, fetching",
      "hello: RUNNING, runs",
      "",
    ]);
    expect(ended.stdout).not.toContain("PENDING");
  });

  it("names every mistake with file, line and column, and asks no agent", async () => {
    const folder = await tempFolder();
    await writeFile(
      join(folder, "bad.yaml"),
      "id: a\nspec:\n  process:\n    commnad: [x]\n    env: { A: 1 }\n",
    );

    const ended = await persysctl(
      ["apply", "-f", "bad.yaml", "-f", "-", "--endpoint", "127.0.0.1:1"],
      { cwd: folder, stdin: "id: b\n" },
    );

    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr.split("\n")).toEqual([
      "bad.yaml:4:5: spec.process.commnad: is not a field of ProcessSpec: did you mean command?",
      'bad.yaml:5:12: spec.process.env.A: must be a string, not a number: write "1"',
      "stdin:1:1: spec: is required",
      "error: 3 problems in the workload files; nothing was applied",
      "",
    ]);
  });

  it("applies nothing when the agent refuses one of several documents, and says where", async () => {
    const { agent, run } = await scene();
    agent.refusals.set("other", [
      { field: "spec.process.command[1]", description: "must not be empty" },
    ]);
    const other = 'id: other\nspec:\n  process:\n    command:\n      - /bin/echo\n      - ""\n';

    const ended = await run(["apply", "-f", "-"], { stdin: `${hello}---\n${other}` });

    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("stdin:12:9: spec.process.command[1]: must not be empty\n");
    expect(agent.applied).toEqual([]);
  });

  it.each(["--validate-only", "--dry-run"])("only checks with %s", async (flag) => {
    const { agent, run } = await scene();

    expect(await run(["apply", "-f", "-", flag], { stdin: hello })).toMatchObject({
      exitCode: 0,
      stdout: "hello: valid (stdin:1): valid\n",
    });
    expect(agent.applied).toEqual([]);
  });

  it("writes one JSON document with --json", async () => {
    const { run } = await scene();

    const ended = await run(["apply", "-f", "-", "--wait", "--json"], { stdin: hello });

    expect(JSON.parse(ended.stdout)).toMatchObject({
      applied: [
        {
          id: "hello",
          file: "stdin",
          line: 1,
          outcome: "settled",
          applied: true,
          skipped: false,
          status: { actualState: "ACTUAL_STATE_RUNNING", revisionId: "1" },
        },
      ],
    });
  });

  it("ends with 2 when a file is not there", async () => {
    const ended = await persysctl(["apply", "-f", "nowhere.yaml"]);

    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("nowhere.yaml: no such file");
  });

  it("goes away at once when interrupted, with 130, and leaves the workload", async () => {
    const { agent, start } = await scene();
    agent.scripts.set("hello", []);
    const running = await start(["apply", "-f", "-", "--wait"], { stdin: hello });
    await eventually(() => running.stderr().includes("PENDING"));

    running.kill("SIGINT");

    expect(await running.ended).toMatchObject({ exitCode: 130, signal: null });
    expect(running.stderr()).toContain("no longer waiting: what was asked for goes on");
    expect(running.stderr()).not.toContain("    at ");
  });
});

describe("persysctl get", () => {
  it("lists workloads in a table, with control characters made harmless", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web", message: "up \u001b[2J" });
    agent.put({ id: "api", actualState: ActualState.FAILED, failure: noSuchCommand });

    const { stdout, exitCode } = await run(["get"]);

    expect(exitCode).toBe(0);
    expect(
      stdout.split("\n").map((line) => line.replace(/\d+y\S*/, "AGE").replace(/ +/g, " ")),
    ).toEqual([
      "ID TYPE WANTED STATE RESTARTS AGE MESSAGE",
      "api process running FAILED 0 AGE COMMAND_NOT_FOUND: no such command: /bin/nope",
      "web process running RUNNING 0 AGE up \\x1b[2J",
      "",
    ]);
  });

  it("writes what the API answers as JSON and as YAML", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });

    expect(JSON.parse((await run(["get", "--json"])).stdout)).toMatchObject({
      workloads: [{ id: "web", restarts: 0, actualState: "ACTUAL_STATE_RUNNING" }],
    });
    expect(JSON.parse((await run(["get", "web", "-o", "json"])).stdout)).toMatchObject({
      status: { id: "web" },
      spec: { process: { command: ["/bin/true"] } },
    });
    expect((await run(["get", "web", "-o", "yaml"])).stdout).toContain("status:\n  id: web\n");
  });

  it("filters by state", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });
    agent.put({ id: "api", actualState: ActualState.STOPPED });

    expect((await run(["get", "--state", "stopped,failed", "-o", "id"])).stdout).toBe("api\n");
    expect(await run(["get", "--state", "sleeping"])).toMatchObject({ exitCode: 2 });
  });

  it("ends with 3 when there is no such workload, as text and as JSON", async () => {
    const { run } = await scene();

    expect(await run(["get", "nope"])).toMatchObject({ exitCode: 3, stdout: "" });
    const { error } = JSON.parse((await run(["get", "nope", "--json"])).stderr) as {
      error: object;
    };
    expect(error).toMatchObject({
      code: "not_found",
      message: "workload not found: nope",
      exitCode: 3,
    });
  });

  it("shows every change with -w until interrupted", async () => {
    const { agent, start } = await scene();
    agent.put({ id: "web", message: "first" });
    const running = await start(["get", "-w"]);
    await eventually(() => running.stdout().includes("first"));

    agent.put({ id: "web", actualState: ActualState.STOPPED, message: "second" });
    await eventually(() => running.stdout().includes("second"));
    agent.remove("web");
    await eventually(() => running.stdout().includes("web  deleted"));
    running.kill("SIGINT");

    expect(await running.ended).toMatchObject({ exitCode: 130, stderr: "" });
  });

  it("is quiet when the reader has seen enough", async () => {
    const { agent, start } = await scene();
    agent.put({ id: "web", message: "first" });
    const running = await start(["get", "-w"]);
    await eventually(() => running.stdout().includes("first"));

    running.closeStdout();
    for (let change = 0; change < 3; change += 1)
      agent.put({ id: "web", message: `change ${change}` });

    expect(await running.ended).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

describe("persysctl logs", () => {
  it("writes each stream to its own, byte for byte", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });

    expect(await run(["logs", "web"])).toMatchObject({
      exitCode: 0,
      stdout: "one\ntwo\n",
      stderr: "\u001b[31moops\u001b[0m\n",
    });
    expect(await run(["logs", "web", "--stream", "stdout"])).toMatchObject({
      stdout: "one\ntwo\n",
      stderr: "",
    });
  });

  it("puts the time before whole lines", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });

    expect((await run(["logs", "web", "--timestamps", "--stream", "stdout"])).stdout).toBe(
      "2023-11-14T22:13:20.123Z one\n2023-11-14T22:13:20.123Z two\n",
    );
  });

  it("ends by itself when the workload is deleted", async () => {
    const { agent, start } = await scene();
    agent.put({ id: "web" });
    const running = await start(["logs", "web", "-f"]);
    await eventually(() => running.stdout().includes("two"));

    agent.remove("web");

    expect(await running.ended).toMatchObject({ exitCode: 0 });
  });

  it("ends cleanly when interrupted", async () => {
    const { agent, start } = await scene();
    agent.put({ id: "web" });
    const running = await start(["logs", "web", "-f", "--stream", "stdout"]);
    await eventually(() => running.stdout().includes("two"));

    running.kill("SIGINT");

    expect(await running.ended).toMatchObject({ exitCode: 130, stderr: "" });
  });
});

describe("persysctl delete, stop, start and retry", () => {
  it("deletes and waits until it is gone; an unknown id is no error", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });

    const ended = await run(["delete", "web", "nope", "--wait"]);

    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toBe(
      "web: deleting, accepted\nnope: workload not found: nothing to delete\nweb: deleted\n",
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

describe("persysctl describe, actions, health and version", () => {
  it("explains a workload", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web", actualState: ActualState.FAILED, failure: noSuchCommand });

    const { stdout } = await run(["describe", "web"]);

    for (const part of [
      "State:     FAILED",
      "Failure:   COMMAND_NOT_FOUND: no such command: /bin/nope, 1 failed try, not tried again by itself",
      "- the wanted revision is 2, revision 1 runs",
      "replace: revision 2 is wanted",
      "pid 42  running, revision 1",
      "start  done     nothing runs",
      "apply   completed  3s",
      "command:\n      - /bin/true",
    ]) {
      expect(stdout).toContain(part);
    }
    expect(JSON.parse((await run(["describe", "web", "--json"])).stdout)).toMatchObject({
      explanation: { next: { step: "replace" } },
      workload: { spec: {} },
      actions: [{}],
    });
  });

  it("lists actions", async () => {
    const { run } = await scene();

    expect((await run(["actions"])).stdout).toMatch(
      /^AGE +WORKLOAD.*\n.*hello +apply +completed +3s/,
    );
    expect(JSON.parse((await run(["actions", "web", "--json"])).stdout)).toMatchObject({
      actions: [{ workloadId: "web" }],
    });
  });

  it("ends with 1 where the agent is not healthy", async () => {
    const { agent, run } = await scene();

    expect(await run(["health"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("Runtime process: healthy"),
    });
    agent.healthy = false;
    expect(await run(["health"])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("unhealthy: it sleeps"),
    });
  });

  it("shows its version even where no agent answers", async () => {
    const { run } = await scene();

    expect((await run(["version"])).stdout).toMatch(
      /^persysctl \d+\.\d+\.\d+\nagent 9\.9\.9 at http/,
    );
    expect(await persysctl(["version"])).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("no agent"),
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

describe("persysctl help", () => {
  it.each([
    [["--help"], 0],
    [["apply", "--help"], 0],
    [["help", "logs"], 0],
    [["--version"], 0],
    [[], 2],
    [["aply"], 2],
    [["get", "--no-such-option"], 2],
    [["apply"], 2],
    [["logs", "web", "--since", "later"], 2],
    [["get", "-o", "xml"], 2],
  ])("ends %j with %d", async (args, exitCode) => {
    expect(await persysctl(args)).toMatchObject({ exitCode });
  });

  it("shows examples for every command", async () => {
    for (const command of [
      "apply",
      "get",
      "describe",
      "logs",
      "delete",
      "stop",
      "start",
      "retry",
      "actions",
      "health",
      "context",
      "completion",
      "version",
    ]) {
      expect((await persysctl([command, "--help"])).stdout).toContain("Examples:\n  ");
    }
  });

  it("names the near command for a mistyped one", async () => {
    expect((await persysctl(["aply"])).stderr).toContain("Did you mean apply?");
  });
});
