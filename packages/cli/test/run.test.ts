import { describe, expect, it } from "vitest";
import { createProgram } from "../src/program/program.ts";
import { run } from "../src/run.ts";
import { fakeHost } from "./fake-host.ts";

async function ran(...args: readonly string[]) {
  const { host, stdout, stderr } = fakeHost();
  return { exitCode: await run(args, host), stdout: stdout(), stderr: stderr() };
}

const commands = createProgram(() => Promise.resolve(), fakeHost().host)
  .commands.map((command) => command.name())
  .filter((name) => name !== "complete-words");

describe("run", () => {
  it.each([
    [["--help"], 0],
    [["apply", "--help"], 0],
    [["help", "logs"], 0],
    [["--version"], 0],
    [[], 2],
    [["aply"], 2],
    [["get", "--no-such-option"], 2],
    [["apply"], 2],
    [["apply", "-f", "-", "--timeout", "0"], 2],
    [["logs", "web", "--since", "later"], 2],
    [["logs", "web", "--tail", "-1"], 2],
    [["get", "-o", "xml"], 2],
    [["get", "-l", "app"], 2],
    [["get", "web", "api"], 2],
    [["get"], 2],
    [["completion", "bash"], 0],
    [["completion", "csh"], 2],
    [["complete-words", "workloads"], 0],
  ])("ends %j with %d", async (args, exitCode) => {
    expect(await ran(...args)).toMatchObject({ exitCode });
  });

  it.each(commands)("shows the help of %s with examples, on stdout", async (command) => {
    const { stdout, stderr } = await ran(command, "--help");

    expect(stdout).toContain("\nExamples:\n  ");
    expect(stderr).toBe("");
  });

  it("lists every exit code", async () => {
    const { stdout } = await ran("--help");

    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 130])
      expect(stdout).toMatch(new RegExp(`^ +${code}  \\S`, "m"));
  });

  it("puts mistakes on stderr and names what was probably meant", async () => {
    expect(await ran("aply")).toMatchObject({
      stdout: "",
      stderr: expect.stringContaining("Did you mean apply?"),
    });
  });

  it("says how to come by an agent where there is none", async () => {
    const { stderr } = await ran("get");

    expect(stderr).toContain("no agent is named, and no development agent was found here");
    expect(stderr).toContain("npm start");
  });
});
