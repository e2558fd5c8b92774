import { describe, expect, it } from "vitest";
import { ComposeCommand } from "../../src/compose/compose-command.ts";
import { ProjectCommand } from "../../src/compose/project-command.ts";
import type { ProjectSource } from "../../src/compose/project-source.ts";
import { forever } from "../support/runtime-calls.ts";

const source: ProjectSource = {
  document: { services: { web: { image: "web:1" } } },
  env: {},
  profiles: [],
};

/** A command that reads a file, and then goes on as `script` says. */
function commandOf(script: string, timeoutMs?: number, version = "2.0.0"): ProjectCommand {
  const binary = [
    "sh",
    "-c",
    `case $0 in version) echo ${version};; *) cat >/dev/null; ${script};; esac`,
  ];
  const endpoint = { url: "unix:///nonexistent" };
  const command = new ComposeCommand({ binary, endpoint, configFolder: "/nonexistent" });
  return new ProjectCommand(command, timeoutMs);
}

/** One that puts out a file with a service of these members. */
function commandOfService(members: object): ProjectCommand {
  const output = JSON.stringify({ services: { web: { image: "web:1", ...members } } });
  return commandOf(`echo '${output}'`);
}

describe("a compose file that the node can never take", () => {
  it.each([
    ["that the command refuses", commandOf("exit 15")],
    ["that the first command refuses", commandOf("exit 1")],
    ["that asks for what no policy gives", commandOfService({ security_opt: ["apparmor=none"] })],
    ["with a place of its own folder", commandOfService({ volumes: ["/proc/sys/kernel/x:/x"] })],
  ])("is the user's to mend for good: one %s", async (_, command) => {
    await expect(command.resolve({ ...source }, forever)).rejects.toMatchObject({
      code: "INVALID_SPEC",
      fault: "user",
      retryable: false,
      effect: "none",
    });
  });

  it.each([
    ["was ended", commandOf("kill -9 $$")],
    ["panics", commandOf("exit 2")],
    ["cannot be executed by what starts it", commandOf("exit 127")],
    ["is ended behind what starts it", commandOf("exit 137")],
    ["cannot be unpacked", commandOf("exit 255")],
    ["put out no project", commandOf("echo nothing")],
  ])("is not taken for one where the command %s", async (_, command) => {
    await expect(command.resolve({ ...source }, forever)).rejects.toMatchObject({
      code: "RUNTIME_ERROR",
      retryable: true,
    });
  });
});

describe("relative paths of a file", () => {
  it("begin where the file is judged and brought up alike", async () => {
    const command = commandOf("echo in $PWD >&2; exit 1", undefined, "1.29.2");
    const failed = { message: expect.stringMatching(/: in \/proc\/sys\/kernel$/) };
    await expect(command.resolve({ ...source }, forever)).rejects.toMatchObject(failed);
    const request = {
      project: "shop",
      input: { text: "{}", env: {} },
      mark: "mark",
      profiles: [],
      existing: "keep",
    } as const;
    await expect(command.up(request, [], forever)).rejects.toMatchObject(failed);
  });
});

describe("a reference within another", () => {
  const nested = (value: string, env: ProjectSource["env"] = {}): ProjectSource => ({
    ...source,
    env,
    document: { services: { web: { image: "web:1", environment: { A: value } } } },
  });
  const output = `echo '{"services":{"web":{"image":"web:1"}}}'`;

  it.each(["${A:-$B}", "${A-x${B}}", "${A:-$$B}", "x ${C} ${A:?$B}"])(
    "is refused where the first generation of the command would leave it as it is: %s",
    async (value) => {
      const first = commandOf(output, undefined, "1.29.2");
      await expect(first.resolve(nested(value), forever)).rejects.toMatchObject({
        code: "INVALID_SPEC",
        retryable: false,
        violations: [{ path: ["composeYaml", "services", "web", "environment", "A"] }],
        message: expect.stringContaining("docker-compose 1"),
      });
      await expect(commandOf(output).resolve(nested(value), forever)).resolves.toBeDefined();
    },
  );

  it.each(["$A$B", "${A:-x}$B", "$${A:-$B}", "${A} {$B}"])("is none in %s", async (value) => {
    const first = commandOf(output, undefined, "1.29.2");
    await expect(first.resolve(nested(value), forever)).resolves.toBeDefined();
  });

  it.each([
    ["${A:-$B}", "x", true],
    ["${A:?no $B}", "file:/run/secrets/a", true],
    ["${A-$B}", "", true],
    ["${A:-$B}", "", false],
    ["${A:-$B}", "literal:", false],
    ["${A:+$B}", "x", false],
    ["${A:-${B}}", "x", false],
    ["${A:-$$${B}}", "x", false],
    ["${A:-$$B}", "x", true],
    ["${constructor:-$B}", "x", false],
  ])("counts in %s with A=%s only where it would be read: %s", async (value, a, isTaken) => {
    const first = commandOf(output, undefined, "1.29.2").resolve(nested(value, { A: a }), forever);
    if (isTaken) await expect(first).resolves.toBeDefined();
    else await expect(first).rejects.toMatchObject({ code: "INVALID_SPEC" });
  });
});

describe("a command that looks for too long", () => {
  it("is called off, and no fault of the file", async () => {
    const command = commandOf("exec sleep 60", 200);
    await expect(command.resolve(source, forever)).rejects.toMatchObject({
      code: "TIMEOUT",
      retryable: true,
      effect: "none",
    });
  });
});

describe("what the command says", () => {
  it("names variables as people know them, and none of their values", async () => {
    const command = commandOf('echo "PERSYS_ENV_TAG is not $PERSYS_ENV_TAG" >&2; exit 1');
    const env = { TAG: "hidden-word" };
    await expect(command.resolve({ ...source, env }, forever)).rejects.toMatchObject({
      message: expect.stringMatching(/: TAG is not <redacted>$/),
    });
  });

  it("is asked with nothing in the place of a reference that could be what it refers to", async () => {
    const command = commandOf('echo "got $PERSYS_ENV_KEY" >&2; exit 1');
    const env = { KEY: "file:/run/secrets/key" };
    await expect(command.resolve({ ...source, env }, forever)).rejects.toMatchObject({
      message: expect.stringMatching(/: got a-secret$/),
    });
  });
});

describe("compose files that come all at once", () => {
  it("have a few commands at a time, and only so many wait", async () => {
    const command = commandOf("exec sleep 60");
    const controller = new AbortController();
    const all = Array.from({ length: 80 }, () => command.resolve({ ...source }, controller.signal));
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
