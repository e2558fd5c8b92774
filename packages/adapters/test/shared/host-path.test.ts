import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { realpath } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { array, assert, asyncProperty, constantFrom } from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { hostPathResolver, type ResolvedHostPath } from "../../src/shared/host-path.ts";

function folder(): string {
  const made = realpathSync(mkdtempSync(join(tmpdir(), "persys-path-")));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function resolveHostPath(path: string, known: readonly string[] = []): Promise<ResolvedHostPath> {
  return hostPathResolver(known)(path);
}

describe("a path of the host", () => {
  it("follows links in the middle and at the end, and names them", async () => {
    const root = folder();
    mkdirSync(join(root, "real/in"), { recursive: true });
    symlinkSync("real", join(root, "relative"));
    symlinkSync(join(root, "relative/in"), join(root, "absolute"));

    expect(await resolveHostPath(join(root, "absolute/file"))).toEqual({
      path: join(root, "real/in/file"),
      links: [join(root, "absolute"), join(root, "relative")],
      aliases: [],
    });
  });

  it("takes `..` as the kernel does: after the link before it", async () => {
    const root = folder();
    mkdirSync(join(root, "deep/er"), { recursive: true });
    symlinkSync("deep/er", join(root, "link"));

    const { path } = await resolveHostPath(`${root}/link/../x`);

    expect(path).toBe(join(root, "deep/x"));
  });

  it("resolves what exists of a path that does not", async () => {
    const root = folder();
    mkdirSync(join(root, "real"));
    symlinkSync("real", join(root, "link"));
    symlinkSync("nowhere", join(root, "dangling"));

    expect(await resolveHostPath(join(root, "link/not/yet"))).toMatchObject({
      path: join(root, "real/not/yet"),
    });
    expect(await resolveHostPath(join(root, "dangling/x"))).toMatchObject({
      path: join(root, "nowhere/x"),
    });
  });

  it("says of links that go round in a ring that they lead nowhere", async () => {
    const root = folder();
    symlinkSync("b", join(root, "a"));
    symlinkSync("a", join(root, "b"));

    expect(await resolveHostPath(join(root, "a/x"))).toMatchObject({ unresolved: "ELOOP" });
  });

  it("names the kernel's own links, whatever they lead to", async () => {
    const { path, links } = await resolveHostPath("/proc/self/root/usr");

    expect(path).toBe(await realpath("/usr"));
    expect(links).toContain(`/proc/${process.pid}/root`);
  });

  it("recognises a socket under another name by what it is", async () => {
    const root = folder();
    const socket = join(root, "engine.sock");
    const server = createServer().listen(socket);
    onTestFinished(() => {
      server.close();
    });
    await new Promise((resolve) => server.once("listening", resolve));
    mkdirSync(join(root, "innocent"));
    linkSync(socket, join(root, "innocent/data"));

    expect(await resolveHostPath(join(root, "innocent/data"), [socket])).toMatchObject({
      path: join(root, "innocent/data"),
      aliases: [socket],
    });
  });

  it("recognises what lies in a folder that is known under another name, or around a known one", async () => {
    const root = folder();
    mkdirSync(join(root, "real/in"), { recursive: true });
    // Whatever leads to one folder by two names; a bind mount would need rights.
    symlinkSync("real", join(root, "known"));

    expect(await resolveHostPath(join(root, "real/in"), [join(root, "known")])).toMatchObject({
      aliases: [join(root, "known/in")],
    });
    expect(await resolveHostPath(join(root, "real"), [join(root, "known/in/deep")])).toMatchObject({
      aliases: [join(root, "known")],
    });
  });

  it("knows no other name of an everyday folder", async () => {
    const root = folder();
    writeFileSync(join(root, "file"), "");

    expect(await resolveHostPath(join(root, "file"))).toEqual({
      path: join(root, "file"),
      links: [],
      aliases: [],
    });
  });

  it("agrees with realpath on everything that exists", async () => {
    const root = folder();
    mkdirSync(join(root, "a/b/c"), { recursive: true });
    symlinkSync("a/b", join(root, "l"));
    symlinkSync("../../l/c", join(root, "a/b/m"));
    symlinkSync(root, join(root, "a/up"));
    symlinkSync("/", join(root, "a/b/top"));
    const part = constantFrom("a", "b", "c", "l", "m", "up", "top", "..", ".", "");

    await assert(
      asyncProperty(array(part, { maxLength: 8 }), async (parts) => {
        const path = `${root}/${parts.join("/")}`;
        const expected = await realpath(path).catch(() => undefined);
        if (expected === undefined) return;
        expect((await resolveHostPath(path)).path).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});
