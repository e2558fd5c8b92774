import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { completionScript } from "../../src/completion/completion-script.ts";
import { shells } from "../../src/completion/shells.ts";
import { createProgram } from "../../src/program/program.ts";
import { tempFolder } from "../temp-folder.ts";

const program = createProgram(() => Promise.resolve(), process);

/** What bash offers for a command line whose last word is being typed. A stand-in for persysctl knows two workloads. */
async function bashCompletes(...words: readonly string[]): Promise<readonly string[]> {
  const folder = await tempFolder();
  const script = join(folder, "completion.bash");
  await writeFile(script, completionScript(program, "bash"));
  const standIn = join(folder, "persysctl");
  await writeFile(
    standIn,
    '#!/bin/sh\n[ "$*" = "complete-words workloads" ] && printf "web\\nworker\\n"\n[ "$*" = "complete-words contexts" ] && echo lab\nexit 0\n',
  );
  await chmod(standIn, 0o755);
  const run = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _persysctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ["-c", run, "bash", script, "persysctl", ...words];
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"] ?? ""}` };
  const { stdout } = await promisify(execFile)("bash", args, { env });
  return stdout.split("\n").filter((line) => line !== "");
}

describe("completionScript", () => {
  it("is a script that bash can read", async () => {
    const script = join(await tempFolder(), "completion.bash");
    await writeFile(script, completionScript(program, "bash"));

    await expect(promisify(execFile)("bash", ["-n", script])).resolves.toMatchObject({
      stderr: "",
    });
  });

  it.each(shells)("names every command and option for %s", (shell) => {
    const script = completionScript(program, shell);
    const named = (long: string): boolean =>
      script.includes(shell === "fish" ? `-l ${long.slice(2)}` : long);

    for (const command of program.commands) {
      if (command.name() === "complete-words") continue;
      expect(script).toContain(command.name());
      for (const { long, hidden } of command.options)
        expect(hidden || named(long ?? "")).toBe(true);
    }
    expect(script).not.toContain("dry-run");
  });

  it("completes commands", async () => {
    expect(await bashCompletes("de")).toEqual(["delete", "describe"]);
    expect(await bashCompletes("context", "u")).toEqual(["use"]);
  });

  it("completes the options of a command and the global ones", async () => {
    expect(await bashCompletes("logs", "--t")).toEqual([
      "--tail",
      "--timestamps",
      "--token-file",
      "--token",
    ]);
  });

  it("completes values of options, also after other words", async () => {
    expect(await bashCompletes("get", "hello", "-o", "")).toEqual([
      "table",
      "wide",
      "json",
      "yaml",
      "id",
    ]);
    expect(await bashCompletes("--context", "")).toEqual(["lab"]);
    expect(await bashCompletes("actions", "--type", "r")).toEqual(["retry"]);
  });

  it("completes ids of workloads and names of contexts by asking persysctl", async () => {
    expect(await bashCompletes("describe", "w")).toEqual(["web", "worker"]);
    expect(await bashCompletes("context", "use", "")).toEqual(["lab"]);
  });
});
