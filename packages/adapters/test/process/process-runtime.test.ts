import { existsSync } from "node:fs";
import { realpath, symlink } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ProcessRuntime } from "@persys/adapters/process";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { isAlive, isRoot, ProcessHarness } from "./process-harness.ts";

const web = idOf("web");

describe("ProcessRuntime", () => {
  let host: ProcessHarness;

  beforeEach(() => {
    host = new ProcessHarness();
  });

  afterEach(async () => {
    await host.close();
  });

  it("hides every value of the environment and nothing else", () => {
    const spec = { command: ["true"], env: { PASSWORD: "hunter2", EMPTY: "" }, labels: { a: "b" } };

    expect(host.runtime.redactSpec(spec)).toEqual({
      command: ["true"],
      env: { PASSWORD: "<redacted>", EMPTY: "<redacted>" },
      labels: { a: "b" },
    });
    expect(host.runtime.redactSpec({ command: ["true"] })).toEqual({ command: ["true"] });
  });

  it("says what a spec asks of the host, with the real path of its folder", async () => {
    const link = join(host.root, "link");
    await symlink("/usr/share", link);
    const resources = { cpuMillicores: 250, memoryBytes: 8_388_608 };
    const spec = { command: ["true"], workingDir: link, user: "daemon", resources };

    expect(await host.runtime.demands(spec, forever)).toEqual({
      ...resources,
      hostPaths: [
        {
          path: await realpath("/usr/share"),
          written: link,
          links: [link],
          aliases: [],
          field: "workingDir",
          readOnly: false,
          use: "enter",
        },
      ],
      user: "daemon",
      account: { field: "user", name: "daemon", uid: 1, isAgents: false },
    });
    expect(await host.runtime.demands({ command: ["true"] }, forever)).toEqual({
      cpuMillicores: 0,
      memoryBytes: 0,
      hostPaths: [],
      user: "",
      account: {
        field: "user",
        name: userInfo().username,
        uid: process.getuid?.(),
        isAgents: true,
      },
    });
  });

  it.each([
    ["root", { name: "root", uid: 0 }],
    ["0", { name: "root", uid: 0 }],
    ["00", { uid: 0 }],
    ["1:0", { name: "daemon", uid: 1, otherGid: 0 }],
    ["1:1", { name: "daemon", uid: 1 }],
    ["54321", { name: "54321", uid: 54_321 }],
    ["54321:7", { name: "54321", uid: 54_321, otherGid: 7 }],
    ["no-such-user", { name: "no-such-user", uid: undefined }],
  ])("knows the account behind %s", async (user, account) => {
    const { account: found } = await host.runtime.demands({ command: ["true"], user }, forever);

    expect(found).toMatchObject(account);
    expect(found?.otherGid).toBe("otherGid" in account ? account.otherGid : undefined);
  });

  it("makes the first instance in prepare without starting it, so that it is seen that nothing has run", async () => {
    const target = targetOf("web", { command: ["sleep"], args: ["60"] });

    await host.runtime.prepare(target, forever, () => {});
    await host.runtime.prepare(target, forever, () => {});

    const seen = await host.runtime.observe(web, forever);
    expect(seen).toMatchObject({
      kind: "present",
      instances: [{ state: "created", uid: target.uid, kept: false }],
    });
    expect((await host.runtime.list(forever)).get(web)).toBe(
      seen.kind === "present" ? seen.glance : "",
    );
    await host.runtime.remove(web, forever);
    expect(await host.runtime.observe(web, forever)).toEqual({ kind: "absent" });
  });

  it("is healthy on this host and says how it limits", async () => {
    const health = await host.runtime.probe(forever);

    expect(health).toEqual({ healthy: true, version: expect.stringMatching(/^1 \(.+\)$/) });
  });

  it("refuses bounds that are none", () => {
    const options = { root: host.root, nodeId: "n" };
    expect(() => new ProcessRuntime({ ...options, logBytesMax: 0 })).toThrow(RangeError);
    expect(() => new ProcessRuntime({ ...options, logFilesMax: 1 })).toThrow(RangeError);
  });

  it("changes nothing for a call whose signal has aborted", async () => {
    const reason = new Error("enough");
    const aborted = AbortSignal.abort(reason);
    const target = targetOf("web", host.script("exec sleep 1000"));

    await expect(host.runtime.start(target, aborted)).rejects.toBe(reason);
    await expect(host.runtime.list(aborted)).rejects.toBe(reason);
    expect(host.census()).toEqual([]);
  });

  it("lets an aborted start go on by itself, to be seen by whoever looks", async () => {
    const control = new AbortController();
    const target = targetOf("web", host.script("exec sleep 1000"));
    const start = host.runtime.start(target, control.signal);
    control.abort(new Error("enough"));
    await start.catch(() => undefined);

    await host.runtime.start(target, forever);
    expect((await host.current("web")).state).toBe("running");
    await eventually(() => host.programs((line) => line.startsWith("sleep")).length === 1);
  });

  it("refuses more arguments than a program can take", async () => {
    const args = Array.from({ length: 30 }, () => "x".repeat(130_000));
    const parsed = host.runtime.parseSpec({ command: ["true"], args });

    expect(parsed).toMatchObject({ ok: false });
  });

  it("holds programs in control groups of version 2, and by limits of the process what those cannot", async () => {
    const cgroupRoot = "/sys/fs/cgroup/unified";
    // Elsewhere the other tests run in version 2, or in none.
    if (!isRoot || !existsSync(join(cgroupRoot, "cgroup.controllers"))) return;
    host.runtime = host.another({ cgroupRoot });
    const resources = { memoryBytes: 64 * 1024 * 1024 };
    const script = "ulimit -v; setsid sh -c 'sleep 1000 & exit'; exec sleep 1000";
    await host.runtime.start(targetOf("web", host.script(script, { resources })), forever);
    await eventually(() => host.programs((line) => line.startsWith("sleep")).length === 2);
    await eventually(async () => (await host.output("web")) !== "");

    expect(await host.output("web")).toMatch(/^(?:65536|unlimited)\n$/);
    await host.runtime.remove(web, forever);
    await eventually(() => host.programs().filter(isAlive).length === 0);
    expect(host.census()).toEqual([]);
  });
});
