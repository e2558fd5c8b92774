import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultPath } from "@persys/adapters/process";
import { eventually, forever, targetOf } from "../support/runtime-calls.ts";
import { isAlive, isRoot, parentOf, ProcessHarness } from "./process-harness.ts";

describe.each(["auto", "off"] as const)("a program's run with control groups %s", (cgroups) => {
  let host: ProcessHarness;

  beforeEach(() => {
    host = new ProcessHarness({ cgroups });
  });

  afterEach(async () => {
    await host.close();
  });

  async function run(script: string, more = {}): Promise<void> {
    await host.runtime.start(targetOf("web", host.script(script, more)), forever);
  }

  it.each([
    ["exit 0", 0],
    ["exit 1", 1],
    ["exit 255", 255],
  ])("ends as `%s` with code %d", async (script, code) => {
    await run(script);

    const ended = await host.ended("web");
    expect(ended.exit).toMatchObject({ kind: "code", code });
    expect(ended.facts).toEqual({ "process.exit_code": String(code) });
  });

  it("tells a death by signal from an exit with the same code", async () => {
    await run("kill -9 $$");
    expect((await host.ended("web")).facts).toEqual({
      "process.exit_code": "137",
      "process.exit_signal": "9",
    });

    await host.runtime.remove(targetOf("web", {}).id, forever);
    await run("exit 137");
    expect((await host.ended("web")).facts).toEqual({ "process.exit_code": "137" });
  });

  it("ends unknown when its supervisor was killed, and is not started twice", async () => {
    await run("sleep 1000");
    const pid = await host.pid("web");
    process.kill(parentOf(pid), "SIGKILL");
    await eventually(
      async () => (await host.current("web")).facts["process.supervisor"] === "lost",
    );

    await run("sleep 1000");
    expect(await host.pid("web")).toBe(pid);

    process.kill(pid, "SIGKILL");
    expect((await host.ended("web")).exit).toEqual({ kind: "unknown" });
  });

  it("has a run of its own for each start of the same instance", async () => {
    await run("exit 3");
    const first = await host.ended("web");
    await run("exit 3");
    await eventually(async () => (await host.current("web")).run !== first.run);
    const second = await host.ended("web");

    expect(second.handle).toBe(first.handle);
    expect(second.startedAtMs).toBeGreaterThan(first.startedAtMs ?? 0);
  });

  it("has exactly the environment that was asked for, and a PATH", async () => {
    const env = {
      MARK: host.mark,
      EMPTY: "",
      LINES: "a\nb",
      QUOTES: `"'$(id)\\`,
      IFS: ",",
      PWD: "/nowhere",
      i: "1",
    };
    await run("exit 0");
    await host.runtime.remove(targetOf("web", {}).id, forever);
    const spec = { command: ["/usr/bin/env", "-0"], env };
    await host.runtime.start(targetOf("web", spec), forever);
    await host.ended("web");
    await eventually(async () => (await host.output("web")).includes("MARK"));

    const entries = (await host.output("web")).split("\0").filter(Boolean);
    expect(entries.toSorted()).toEqual(
      Object.entries({ PATH: defaultPath, ...env })
        .map(([name, value]) => `${name}=${value}`)
        .toSorted(),
    );
  });

  it("takes arguments as they are", async () => {
    const proof = join(host.root, "injected");
    const args = [
      `;$(touch ${proof})`,
      `\`touch ${proof}\``,
      "a  b",
      "",
      "*",
      "-n",
      "$HOME",
      "é\n",
    ];
    const spec = { command: ["printf", "[%s]"], args, env: { MARK: host.mark } };
    await host.runtime.start(targetOf("web", spec), forever);
    await host.ended("web");
    await eventually(async () => (await host.output("web")) !== "");

    expect(await host.output("web")).toBe(args.map((word) => `[${word}]`).join(""));
    expect(existsSync(proof)).toBe(false);
  });

  it("runs in its working directory, `/` unless it is told, in a session of its own", async () => {
    await run('pwd; read -r stat </proc/self/stat; echo "$stat"');
    await host.ended("web");
    await eventually(async () => (await host.output("web")).split("\n").length > 2);
    const [directory, stat = ""] = (await host.output("web")).split("\n");
    const [pid, , , , group, session] = stat.split(" ");

    expect(directory).toBe("/");
    expect([group, session]).toEqual([pid, pid]);

    await host.runtime.remove(targetOf("web", {}).id, forever);
    await run("pwd", { workingDir: "/usr/share" });
    await host.ended("web");
    await eventually(async () => (await host.output("web")) === "/usr/share\n");
  });

  it("runs as its user where the agent may change users, and says so where not", async () => {
    const target = targetOf(
      "web",
      host.script("id -u; id -g; echo $HOME; echo to >/dev/stdout", { user: "daemon" }),
    );
    if (!isRoot) {
      await expect(host.runtime.start(target, forever)).rejects.toMatchObject({
        code: "PERMISSION_DENIED",
        effect: "none",
      });
      return;
    }
    await host.runtime.start(target, forever);
    expect((await host.ended("web")).exit).toMatchObject({ code: 0 });
    await eventually(async () => (await host.output("web")) === "1\n1\n/usr/sbin\nto\n");
  });

  it("says that a program could not be executed, unlike one that ends with 127", async () => {
    const program = join(host.root, "no-interpreter");
    writeFileSync(program, "#!/no/such/interpreter\n");
    chmodSync(program, 0o755);
    const spec = { command: [program], env: { MARK: host.mark } };
    await host.runtime.start(targetOf("web", spec), forever);
    expect((await host.ended("web")).facts).toMatchObject({ "process.not_executed": "true" });

    await host.runtime.remove(targetOf("web", {}).id, forever);
    await run("exit 127");
    expect((await host.ended("web")).facts).toEqual({ "process.exit_code": "127" });
  });

  it.each([
    ["COMMAND_NOT_FOUND", "command", { command: ["/no/such/program"] }],
    ["COMMAND_NOT_FOUND", "command", { command: ["no-such-program"] }],
    ["COMMAND_NOT_FOUND", "command", { command: ["sh"], env: { PATH: "bin::/nowhere" } }],
    ["PERMISSION_DENIED", "command", { command: ["/etc/passwd"] }],
    ["PERMISSION_DENIED", "command", { command: ["/etc"] }],
    ["INVALID_SPEC", "workingDir", { command: ["true"], workingDir: "/no/such/folder" }],
    ["INVALID_SPEC", "workingDir", { command: ["true"], workingDir: "/etc/passwd" }],
    ["INVALID_SPEC", "user", { command: ["true"], user: "no-such-user" }],
  ])("is refused with %s for its %s before anything changes: %j", async (code, field, spec) => {
    const target = targetOf("web", spec);
    const ignore = (): void => undefined;
    await expect(host.runtime.prepare(target, forever, ignore)).rejects.toMatchObject({
      code,
      effect: "none",
      fault: "user",
      details: { field },
    });
    expect(host.census()).toEqual([]);
  });

  it("is continued when it was paused", async () => {
    await run("exec sleep 1000");
    const pid = await host.pid("web");
    process.kill(-pid, "SIGSTOP");
    await eventually(async () => (await host.current("web")).state === "paused");

    await run("exec sleep 1000");
    expect(await host.current("web")).toMatchObject({ state: "running" });
    expect(await host.pid("web")).toBe(pid);
  });

  it("leaves its recorder standing when a signal goes to the supervisor's group", async () => {
    await run("sleep 0.2; exit 7");
    process.kill(-parentOf(await host.pid("web")), "SIGTERM");

    expect((await host.ended("web")).exit).toMatchObject({ kind: "code", code: 7 });
  });

  it("ends with everything in its group", async () => {
    await run("sleep 1000 & (sleep 1000 & sleep 1000) & sleep 0.1; exit 0");
    await host.ended("web");

    await eventually(() => host.programs().filter(isAlive).length === 0);
  });
});
