import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { commandInput, isCommandsOwn } from "../../src/compose/command-variables.ts";
import { ComposeCommand } from "../../src/compose/compose-command.ts";
import { forever } from "../support/runtime-calls.ts";

/** A command that tells a version, whatever it is asked, and goes on as `script` says. */
function commandOf(script: string, version = "2.0.0"): ComposeCommand {
  return new ComposeCommand({
    binary: ["sh", "-c", `echo ${version}; ${script}`],
    endpoint: { url: "tcp://engine.test:2376", certificates: "/nonexistent/certificates" },
    configFolder: "/nonexistent/config",
  });
}

async function namesIn(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const command = commandOf("tr '\\0' '\\n' </proc/$$/environ");
  const { stdout } = await command.run({ args: [], env, mark: "mark", signal: forever });
  const [, ...lines] = stdout.trim().split("\n");
  return lines.map((line) => line.split("=")[0] ?? "");
}

/** Whether anything runs that has this mark. */
async function isMarked(mark: string): Promise<boolean> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")),
  );
  return all.some((environment) => environment.includes(mark));
}

describe("the environment of the compose command", () => {
  it("has nothing that a file may read, but the workload's variables under names of ours", async () => {
    const names = await namesIn(commandInput({}, { OWN: "x" }).env);
    expect(names).toContain("DOCKER_HOST");
    expect(names.filter((name) => !isCommandsOwn(name))).toEqual([]);
    expect(names).toContain("PERSYS_ENV_OWN");
    expect(names).not.toContain("OWN");
  });

  it.each([
    ["of the loader", "LD_PRELOAD"],
    ["of the C library", "MALLOC_CONF"],
    ["of Docker", "DOCKER_HOST"],
    ["of compose", "COMPOSE_FILE"],
    ["for programs", "PATH"],
    ["of Python", "PYTHONPATH"],
    ["of packed programs", "_MEIPASS2"],
    ["of Go", "GODEBUG"],
    ["of TLS", "SSL_CERT_FILE"],
    ["for proxies", "https_proxy"],
    ["of shells", "BASH_ENV"],
    ["of git", "GIT_SSH_COMMAND"],
    ["for folders", "TMPDIR"],
    ["of tracing", "OTEL_EXPORTER_OTLP_ENDPOINT"],
    ["of the agent's own", "PERSYS_COMPOSE_PROJECT"],
  ])(
    "has a variable %s that a workload sets, %s, under a name that steers nothing",
    async (_, name) => {
      const before = await namesIn({});
      const names = await namesIn(commandInput({}, { [name]: "/evil" }).env);
      expect(names.filter((one) => !before.includes(one))).toEqual([`PERSYS_ENV_${name}`]);
    },
  );
});

describe("a command", () => {
  it("is of the generation that it tells", async () => {
    const found = await commandOf("true").find(forever);
    expect(found).toMatchObject({ version: "2.0.0", isFirst: false });
    const first = commandOf("exit 0", "1.29.2");
    expect(await first.find(forever)).toMatchObject({ version: "1.29.2", isFirst: true });
  });

  it.each([
    ["is not there", ["/no/such/command"]],
    ["fails", ["false"]],
    ["tells no version", ["echo", "none"]],
  ])("that %s is none, and may come", async (_, binary) => {
    const command = new ComposeCommand({ binary, endpoint: { url: "" }, configFolder: "/none" });
    await expect(command.find(forever)).rejects.toMatchObject({
      code: "RUNTIME_UNAVAILABLE",
      retryable: true,
      effect: "none",
      message: expect.stringContaining(`\`${binary.join(" ")}\``),
    });
  });

  it("may say what it likes: no more of it is kept than there can be of a project", async () => {
    const many = "head -c 40000000 /dev/zero | tr '\\0' x";
    const call = { args: [], env: {}, mark: "mark", signal: forever };
    const { stdout, stderr } = await commandOf(`${many}; ${many} >&2; echo end >&2`).run(call);
    expect(stdout.length).toBeLessThan(17_000_000);
    expect(stderr.length).toBeLessThanOrEqual(16_384);
    expect(stderr.endsWith("end\n")).toBe(true);
  });

  it("is ended with all that it has started when it is called off", async () => {
    const controller = new AbortController();
    const mark = randomUUID();
    const command = commandOf('[ "$0" = version ] || { sleep 60 & sleep 60; }');
    const running = command.run({
      args: ["up"],
      env: {},
      mark,
      signal: controller.signal,
    });
    const isThere = (): Promise<boolean> => isMarked(mark);
    await expect.poll(isThere).toBe(true);
    controller.abort(new Error("called off"));
    await expect(running).rejects.toThrow("called off");
    await expect.poll(isThere).toBe(false);
  });
});

describe("a command that the kernel gives no such environment", () => {
  it("is refused as the user's to mend, and not tried for ever", async () => {
    const env = { LONG: "x".repeat(200_000) };
    await expect(
      commandOf("true").run({ args: [], env, mark: "mark", signal: forever }),
    ).rejects.toMatchObject({ code: "INVALID_SPEC", fault: "user", retryable: false });
  });
});

describe("commandInput", () => {
  const given = (document: object, env = { A: "1" }): unknown =>
    JSON.parse(commandInput({ ...document }, env).text);

  it.each([
    ["$A", "$PERSYS_ENV_A"],
    ["${A}", "${PERSYS_ENV_A}"],
    ["x${A:-${B:?no $C}}", "x${PERSYS_ENV_A:-${PERSYS_ENV_B:?no $PERSYS_ENV_C}}"],
    ["$$A and $${A}", "$$A and $${A}"],
    ["$$$A", "$$$PERSYS_ENV_A"],
    ["$1 ${} $", "$1 ${} $"],
  ])("renames the variables of %j", (text, renamed) => {
    expect(given({ services: { web: { command: [text] } } })).toEqual({
      services: { web: { command: [renamed] } },
    });
  });

  it("gives variables that are passed on their own names again", () => {
    const environment = { A: null, B: null, C: "$A" };
    expect(given({ services: { web: { environment } } })).toEqual({
      services: {
        web: { environment: { A: "${PERSYS_ENV_A}", B: null, C: "$PERSYS_ENV_A" } },
      },
    });
    expect(given({ services: { web: { environment: ["A", "B", "C=$A"] } } })).toEqual({
      services: { web: { environment: ["A=${PERSYS_ENV_A}", "B", "C=$PERSYS_ENV_A"] } },
    });
  });

  it("renames what secrets and configs are made of, and leaves everything else", () => {
    const document = {
      services: { A: { image: "A", labels: { $A: "A" } } },
      secrets: { key: { environment: "A" } },
      configs: { text: { content: "$A" } },
    };
    expect(given(document)).toEqual({
      ...document,
      secrets: { key: { environment: "PERSYS_ENV_A" } },
      configs: { text: { content: "$PERSYS_ENV_A" } },
    });
  });

  it("takes names of variables that objects have as well", () => {
    const { env } = commandInput({}, Object.fromEntries([["constructor", "x"]]));
    expect(env).toEqual({ PERSYS_ENV_constructor: "x" });
    expect(given({ services: { web: { environment: ["toString"] } } })).toEqual({
      services: { web: { environment: ["toString"] } },
    });
  });
});
