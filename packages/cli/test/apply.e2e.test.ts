import { ActualState, DesiredState } from "@persys/client/contract";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "./eventually.ts";
import { persysctl } from "./persysctl.ts";
import { noSuchCommand, scene } from "./scene.ts";
import { tempFolder } from "./temp-folder.ts";

const hello = 'id: hello\nrevision: "1"\nspec:\n  process:\n    command: [/bin/sh]\n';

describe("persysctl apply", () => {
  it("applies a file and waits until it runs", async () => {
    const { agent, run } = await scene();

    const ended = await run(["apply", "-f", "-", "--wait"], { stdin: hello });

    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout).toBe("hello: applied: accepted\nhello: RUNNING, as wanted\n");
    expect(agent.applied).toMatchObject([{ id: "hello", revisionId: "1" }]);
  });

  it("applies a plain compose file under the id that it is given", async () => {
    const { agent, run } = await scene();
    const stdin = "services:\n  web:\n    image: web:1\n";

    const ended = await run(
      ["apply", "-f", "-", "--type", "compose", "--id", "shop", "--env", "TAG=a=b"],
      { stdin },
    );

    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(agent.applied).toMatchObject([
      {
        id: "shop",
        spec: { spec: { case: "compose", value: { composeYaml: stdin, env: { TAG: "a=b" } } } },
      },
    ]);
  });

  it("has the agent check a plain compose file beforehand", async () => {
    const { agent, run } = await scene();
    const stdin = "services:\n  web:\n    image: web:1\n";

    const compose = ["--type", "compose", "--id", "shop", "--env", "TAG=1"];
    const ended = await run(["lint", "-f", "-", ...compose], { stdin });

    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout).toContain("shop: ");
    expect(agent.validated).toMatchObject([{ id: "shop", spec: { spec: { case: "compose" } } }]);
    expect(agent.applied).toEqual([]);
  });

  it("has the agent fetch a compose file by git", async () => {
    const { agent, run } = await scene();
    const repository = "https://git.example/team/shop.git";
    const where = ["--git", repository, "--git-ref", "v2", "--git-path", "deploy/compose.yaml"];
    const login = ["--git-user", "robot", "--git-password", "env:GIT_TOKEN"];

    const ended = await run(["apply", "--type", "compose", "--id", "shop", ...where, ...login]);

    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    const git = {
      repository,
      ref: "v2",
      path: "deploy/compose.yaml",
      username: "robot",
      password: "env:GIT_TOKEN",
    };
    expect(agent.applied).toMatchObject([
      { id: "shop", spec: { spec: { case: "compose", value: { composeYaml: "", git } } } },
    ]);
  });

  it.each([
    [[], "required option '-f, --file <file>' not specified"],
    [["--type", "compose", "--id", "shop"], "required option '-f, --file <file>' not specified"],
    [["--git", "https://git.example/x"], "are for --type compose"],
    [["--git-ref", "v2"], "are for --git"],
    [
      ["--type", "compose", "--id", "shop", "--git", "https://git.example/x", "-f", "-"],
      "--git and --file exclude each other",
    ],
  ])("takes %j without a file for wrong usage", async (words, said) => {
    const { run } = await scene();

    const ended = await run(["apply", ...words]);

    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(said);
  });

  it.each([
    [["--type", "compose"], "--type compose needs --id"],
    [["--id", "shop"], "are for --type compose"],
    [["--type", "compose", "--id", "shop", "--env", "TAG"], "NAME=value"],
  ])("takes %j for wrong usage", async (words, said) => {
    const { run } = await scene();

    const ended = await run(["apply", "-f", "-", ...words], { stdin: "services: {}\n" });

    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(said);
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
      "",
    ]);
    expect(ended.stdout).toBe("hello: applied: accepted\nhello: RUNNING, runs\n");
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

  it("gathers what the agent has against several documents, conflicts included", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "old", revisionId: "taken" });
    agent.refusals.set("other", [{ field: "spec.process.user", description: "is unknown here" }]);
    const old = "id: old\nrevision: taken\nspec: {process: {}}\n";
    const other = "id: other\nspec: {process: {}}\n";

    const ended = await run(["apply", "-f", "-"], { stdin: `${hello}---\n${old}---\n${other}` });

    expect(ended).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ended.stderr.split("\n")).toEqual([
      "stdin:7:1: revision taken names another spec",
      "stdin:12:8: spec.process.user: is unknown here",
      "error: 2 problems in the workload files; nothing was applied",
      "  give the changed spec a new revision, or leave the revision out",
      "",
    ]);
    expect(agent.applied).toEqual([]);
  });

  it.each(["--validate-only", "--dry-run"])("only checks with %s", async (flag) => {
    const { agent, run } = await scene();

    expect(await run(["apply", "-f", "-", flag], { stdin: hello })).toMatchObject({
      exitCode: 0,
      stdout: "hello: valid (stdin:1)\n",
    });
    expect(agent.applied).toEqual([]);
  });

  it("shows what the node's policy denies where it stands in the file, also beforehand with lint", async () => {
    const { agent, run } = await scene();
    const description = "denied by the node's policy: it would be root (got root)";
    agent.denials.set("hello", [{ type: "account", subject: "spec.process.command", description }]);
    const good = "id: good\nspec: { process: { command: [/bin/true] } }\n";

    const applied = await run(["apply", "-f", "-"], { stdin: hello });
    const linted = await run(["lint", "-f", "-"], { stdin: `${hello}---\n${good}` });

    expect(applied).toMatchObject({ exitCode: 1, stdout: "" });
    expect(applied.stderr).toMatch(/^stdin:\d+:\d+: spec\.process\.command: denied by/);
    expect(applied.stderr).toContain("error: the agent refuses hello; nothing of it was applied");
    expect(linted).toMatchObject({ exitCode: 1, stdout: "" });
    expect(linted.stderr).toMatch(/^stdin:\d+:\d+: spec\.process\.command: denied by/);
    expect(linted.stderr).toContain("error: 1 problem in the workload files\n");
    expect(await run(["lint", "-f", "-"], { stdin: good })).toMatchObject({
      exitCode: 0,
      stdout: "good: valid (stdin:1)\n",
    });
    expect(agent.applied).toEqual([]);
  });

  it("does not wait for the rest of an upload that was refused", async () => {
    const answer = '{"code":"resource_exhausted","message":"too large"}';
    const sockets: Socket[] = [];
    // It answers and reads nothing.
    const deaf = createServer({ pauseOnConnect: true }, (socket) => {
      sockets.push(socket);
      socket.write(
        `HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
      );
    }).listen(0, "127.0.0.1");
    onTestFinished(() => {
      deaf.close();
      for (const socket of sockets) socket.destroy();
    });
    await once(deaf, "listening");
    const { port } = deaf.address() as AddressInfo;
    const stdin = `id: big\nspec: { process: { command: ["${"x".repeat(12_000_000)}"] } }\n`;

    const ended = await persysctl(["apply", "-f", "-", "--endpoint", `127.0.0.1:${port}`], {
      stdin,
    });

    expect(ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("too large") });
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
