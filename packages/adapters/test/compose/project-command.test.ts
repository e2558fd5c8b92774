import { describe, expect, it } from "vitest";
import { ComposeCommand } from "../../src/compose/compose-command.ts";
import { ProjectCommand } from "../../src/compose/project-command.ts";
import { forever } from "../support/runtime-calls.ts";

const spec = { composeYaml: "services:\n  web:\n    image: web:1\n" };

/** A command that reads a file, and then goes on as `script` says. */
function commandOf(script: string): ProjectCommand {
  const binary = ["sh", "-c", `case $0 in version) echo 2.0.0;; *) cat >&2; ${script};; esac`];
  const endpoint = { url: "unix:///nonexistent" };
  return new ProjectCommand(new ComposeCommand({ binary, endpoint, configFolder: "/nonexistent" }));
}

/** One that puts out a file with a service of these members. */
function commandOfService(members: object): ProjectCommand {
  const output = JSON.stringify({ services: { web: { image: "web:1", ...members } } });
  return commandOf(`echo '${output}'`);
}

describe("a compose file that the node can never take", () => {
  it.each([
    ["that the command refuses", commandOf("exit 15")],
    ["that asks for what no policy gives", commandOfService({ security_opt: ["apparmor=none"] })],
    ["with a place of its own folder", commandOfService({ volumes: ["/nonexistent/x:/x"] })],
  ])("is the user's to mend for good: one %s", async (_, command) => {
    await expect(command.resolve(spec, forever)).rejects.toMatchObject({
      code: "INVALID_SPEC",
      fault: "user",
      retryable: false,
      effect: "none",
    });
  });

  it.each([
    ["was ended", commandOf("kill -9 $$")],
    ["put out no project", commandOf("echo nothing")],
  ])("is not taken for one where the command %s", async (_, command) => {
    await expect(command.resolve(spec, forever)).rejects.toMatchObject({
      code: "RUNTIME_ERROR",
      retryable: true,
    });
  });
});

describe("compose files that come all at once", () => {
  it("have a few commands at a time, and only so many wait", async () => {
    const command = commandOf("exec sleep 60");
    const controller = new AbortController();
    const all = Array.from({ length: 80 }, () => command.resolve({ ...spec }, controller.signal));
    const ends = Promise.allSettled(all);
    await expect(Promise.any(all.map(refusalOf))).resolves.toMatchObject({
      code: "LIMIT_EXCEEDED",
      effect: "none",
    });
    controller.abort(new Error("called off"));
    const codes = (await ends).map((end) => end.status === "rejected" && String(end.reason));
    expect(codes.filter((code) => code === "Error: called off")).toHaveLength(68);
  });
});

async function refusalOf(resolving: Promise<unknown>): Promise<unknown> {
  try {
    await resolving;
  } catch (error) {
    return error;
  }
  throw new Error("was not refused");
}
