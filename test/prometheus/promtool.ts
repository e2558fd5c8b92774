import { spawnSync } from "node:child_process";

/** Whether `promtool` is there. */
export function hasPromtool(): boolean {
  return spawnSync("promtool", ["--version"]).error === undefined;
}

/** What `promtool check metrics` complains of in the text of a page of metrics, one line each. @throws where it cannot be run. */
export function complaintsOf(text: string): readonly string[] {
  const { error, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
    input: text,
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  return `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
}
