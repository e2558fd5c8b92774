import { describe, expect, it } from "vitest";
import { isFreeVariable } from "../../src/compose/command-variables.ts";
import { ComposeCommand } from "../../src/compose/compose-command.ts";
import { forever } from "../support/runtime-calls.ts";

/** A command that tells a version, whatever it is asked, and goes on as `script` says. */
function commandOf(script: string): ComposeCommand {
  return new ComposeCommand({
    binary: ["sh", "-c", `echo 2.0.0; ${script}`],
    endpoint: { url: "tcp://engine.test:2376", certificates: "/nonexistent/certificates" },
    configFolder: "/nonexistent/config",
  });
}

describe("ComposeCommand", () => {
  it("has no variable in its environment that a file may read, but the workload's", async () => {
    const command = commandOf("tr '\\0' '\\n' </proc/$$/environ");
    const { stdout } = await command.run({
      args: [],
      env: { OWN: "x" },
      mark: "mark",
      signal: forever,
    });
    const [, ...lines] = stdout.trim().split("\n");
    const names = lines.map((line) => line.split("=")[0] ?? "");
    expect(names).toContain("DOCKER_HOST");
    expect(names.filter(isFreeVariable)).toEqual(["OWN"]);
  });
});
