import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { hexSealer } from "../support/hex-sealer.ts";
import { PaperSource } from "../support/paper-source.ts";
import { ProcessHarness } from "./process-harness.ts";

const web = idOf("web");
const secret = "correct horse battery";

describe("the secrets of a process", () => {
  let host: ProcessHarness;
  let source: PaperSource;

  beforeEach(() => {
    source = new PaperSource();
    host = new ProcessHarness({ secretSource: source, secretSealer: hexSealer });
  });

  afterEach(async () => {
    await host.close();
  });

  function metaText(slot = "current"): string {
    const folder = host.folder("web", slot);
    const name = readdirSync(folder).find((file) => file.startsWith("meta.")) ?? "";
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    return readFileSync(join(folder, name), "utf8");
  }

  it("are sealed in the description of its instance, and reach its program", async () => {
    await host.runtime.start(
      targetOf(web, host.script('echo "$PW"', { env: { PW: secret } })),
      forever,
    );
    await host.ended("web");

    expect(await host.output("web")).toBe(`${secret}\n`);
    expect(metaText()).not.toContain(secret);
    expect(metaText()).toContain('"format":2');
  });

  it("are there for an instance that is restored by another agent", async () => {
    const script = 'echo "$PW"; exec sleep 1000';
    const one = targetOf(web, host.script(script, { env: { PW: secret } }), { revisionId: "r1" });
    const two = targetOf(web, host.script("exec sleep 1000"), { revisionId: "r2" });
    await host.runtime.start(one, forever);
    await host.runtime.replace(two, forever);
    expect(metaText("kept")).not.toContain(secret);
    await host.another().restore(web, forever);
    await eventually(async () => (await host.output("web")).endsWith(`${secret}\n`));

    expect((await host.current("web")).revisionId).toBe("r1");
  });

  it("that it refers to are found at each start, and written nowhere", async () => {
    const env = { PW: "file:/run/db", TEXT: "literal:file:/run/db", NAME: "env:NAME" };
    const target = targetOf(web, host.script('echo "$PW $TEXT $NAME"', { env }));
    source.values.set("/run/db", "first-secret").set("NAME", "named");
    await host.runtime.start(target, forever);
    await host.ended("web");
    source.values.set("/run/db", "second-secret");
    await host.runtime.start(target, forever);
    await eventually(async () => (await host.output("web")).split("\n").length === 3);

    expect(await host.output("web")).toBe(
      "first-secret file:/run/db named\nsecond-secret file:/run/db named\n",
    );
    expect(metaText()).not.toContain("secret file");
    expect(JSON.stringify(await host.current("web"))).not.toContain("first-secret");
  });

  it("that it refers to and that are missing fail the prepare and the start, and stop nothing", async () => {
    const one = targetOf(web, host.script("exec sleep 1000"), { revisionId: "r1" });
    const two = targetOf(web, host.script("exec sleep 1000", { env: { PW: "file:/gone" } }), {
      revisionId: "r2",
    });
    await host.runtime.start(one, forever);
    const failure = { code: "SECRET_UNAVAILABLE", retryable: true, effect: "none" };

    await expect(host.runtime.prepare(two, forever, () => {})).rejects.toMatchObject(failure);
    expect(await host.current("web")).toMatchObject({ revisionId: "r1", state: "running" });
  });

  it("that it refers to are among what it asks of the host", async () => {
    const env = { A: "file:/run/db", B: "env:DB", C: "plain", D: "literal:env:DB" };

    expect(await host.runtime.demands(host.script("true", { env }), forever)).toMatchObject({
      secretFiles: [{ field: "env.A", written: "/run/db", path: "/run/db" }],
      secretVariables: [{ field: "env.B", name: "DB" }],
    });
  });
});
