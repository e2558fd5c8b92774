import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { isAlive, ProcessHarness } from "./process-harness.ts";

describe("what the process runtime holds as its own", () => {
  let host: ProcessHarness;

  beforeEach(() => {
    host = new ProcessHarness();
  });

  afterEach(async () => {
    await host.close();
  });

  async function start(id: string): Promise<void> {
    await host.runtime.start(targetOf(id, host.script("exec sleep 1000")), forever);
  }

  function metaPath(id: string): string {
    const found = readdirSync(host.folder(id)).find((name) => name.startsWith("meta."));
    return join(host.folder(id), found ?? "");
  }

  it("gives every id a folder of its own", async () => {
    const ids = ["a.b-C_9", "A.B-c_9", "a", "a.", "a..b", "9", "x".repeat(128)];
    for (const id of ids) await start(id);

    expect([...(await host.runtime.list(forever)).keys()].toSorted()).toEqual(ids.toSorted());
    for (const id of ids) expect(await host.current(id)).toMatchObject({ state: "running" });
    await host.runtime.remove(idOf("a"), forever);
    expect((await host.runtime.list(forever)).size).toBe(ids.length - 1);
  });

  it("gives the glance in a list that an observation gives", async () => {
    await start("web");
    await host.runtime.start(targetOf("done", host.script("exit 3")), forever);
    await host.ended("done");
    await host.runtime.replace(targetOf("done", host.script("exit 4")), forever);
    await host.ended("done");
    const glances = await host.runtime.list(forever);

    for (const id of ["web", "done"])
      expect(await host.observe(id)).toMatchObject({ glance: glances.get(idOf(id)) });
  });

  it("leaves a stranger's files and folders alone", async () => {
    const strangers = ["README", "web", "..@current", "web@other", "@current", "-x@current"];
    for (const name of strangers) mkdirSync(join(host.root, name));
    await start("web");

    expect([...(await host.runtime.list(forever)).keys()]).toEqual(["web"]);
    await host.runtime.remove(idOf("web"), forever);
    expect(host.census().filter((entry) => !entry.startsWith("/"))).toEqual(strangers.toSorted());
  });

  it("keeps a stranger's file within its own folder, and says so", async () => {
    await start("web");
    writeFileSync(join(host.folder("web"), "precious"), "");
    await expect(host.runtime.remove(idOf("web"), forever)).rejects.toMatchObject({
      code: "STORAGE_ERROR",
    });

    expect(readdirSync(host.folder("web"))).toEqual(["precious"]);
    renameSync(join(host.folder("web"), "precious"), join(host.root, "precious"));
    await host.runtime.remove(idOf("web"), forever);
    expect(await host.observe("web")).toEqual({ kind: "absent" });
  });

  it("neither sees nor touches what another node has made", async () => {
    await start("web");
    const pid = await host.pid("web");
    const other = host.another({ nodeId: "other" });

    expect(await other.observe(idOf("web"), forever)).toEqual({ kind: "absent" });
    expect(await other.list(forever)).toEqual(new Map());
    await other.remove(idOf("web"), forever);
    await expect(
      other.start(targetOf("web", { command: ["true"] }), forever),
    ).rejects.toMatchObject({
      code: "NAME_CONFLICT",
    });
    expect(isAlive(pid)).toBe(true);
  });

  it.each(["making", "current", "kept"])(
    "shows a half-made folder (%s), and cleans it with a start or a remove",
    async (slot) => {
      mkdirSync(join(host.folder("web", slot), "log"), { recursive: true });
      expect(await host.observe("web")).toMatchObject({
        kind: "present",
        instances: [{ handle: "half-made", state: "created", kept: false }],
      });
      expect([...(await host.runtime.list(forever)).keys()]).toEqual(["web"]);
      await host.runtime.remove(idOf("web"), forever);
      expect(await host.observe("web")).toEqual({ kind: "absent" });

      mkdirSync(join(host.folder("web", slot), "log"), { recursive: true });
      await start("web");
      expect((await host.current("web")).state).toBe("running");
    },
  );

  it("cannot say what a damaged description describes, and keeps its hands off", async () => {
    await start("web");
    const pid = await host.pid("web");
    const path = metaPath("web");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.slice(0, 20));

    expect(await host.observe("web")).toMatchObject({
      kind: "unreadable",
      failure: { reason: "STORAGE_ERROR", retryable: true },
    });
    expect([...(await host.runtime.list(forever)).keys()]).toEqual(["web"]);
    await expect(host.runtime.remove(idOf("web"), forever)).rejects.toMatchObject({
      code: "STORAGE_ERROR",
    });
    expect(isAlive(pid)).toBe(true);
    writeFileSync(path, text);
    expect((await host.current("web")).state).toBe("running");
  });

  it("takes a missing root for a runtime that cannot be read", async () => {
    await start("web");
    const away = `${host.root}-away`;
    renameSync(host.root, away);
    mkdirSync(host.root);

    expect(await host.observe("web")).toMatchObject({
      kind: "unreadable",
      failure: { reason: "RUNTIME_UNAVAILABLE" },
    });
    await expect(host.runtime.list(forever)).rejects.toMatchObject({ code: "RUNTIME_UNAVAILABLE" });
    expect(await host.runtime.probe(forever)).toMatchObject({ healthy: false });
    renameSync(away, host.root);
    expect((await host.current("web")).state).toBe("running");
  });

  it.each([
    ["start time", (words: readonly string[]) => [words[0], "1", words[2], "."]],
    ["boot", (words: readonly string[]) => [words[0], words[1], "another-boot", "."]],
  ])("takes no other process for its own: the %s differs", async (_what, forge) => {
    const stranger = new ProcessHarness();
    await stranger.runtime.start(targetOf("other", stranger.script("exec sleep 1000")), forever);
    const strangerPid = await stranger.pid("other");
    try {
      await start("web");
      await host.runtime.stop(idOf("web"), 1_000, forever);
      // As if run 3 had become the stranger's pid before its supervisor was killed.
      const words = readFileSync(join(stranger.folder("other"), "run.1"), "utf8").split(" ");
      writeFileSync(join(host.folder("web"), "run.3"), forge(words).join(" "));

      expect(await host.current("web")).toMatchObject({
        state: "exited",
        exit: { kind: "unknown" },
      });
      await host.runtime.stop(idOf("web"), 0, forever);
      await start("web");
      await host.runtime.remove(idOf("web"), forever);
      expect(isAlive(strangerPid)).toBe(true);
    } finally {
      await stranger.close();
    }
  });

  it("has only readable for its own account what it keeps", async () => {
    await start("web");
    await eventually(() => readdirSync(host.folder("web")).includes("run.1"));

    expect(statSync(host.folder("web")).mode & 0o77).toBe(0);
    expect(statSync(metaPath("web")).mode & 0o77).toBe(0);
  });
});
