import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentError, type RepositoryDemand, type SecretSource } from "@persys/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GitFiles, usualGitLimits } from "../../src/compose/git-files.ts";
import type { GitLimits } from "../../src/compose/git-command.ts";
import type { GitSource } from "../../src/compose/git-source.ts";
import { forever } from "../support/runtime-calls.ts";
import { GitServer } from "../../../../test/git/git-server.ts";

const file = "services:\n  web:\n    image: web:1\n";
const password = "git-password-1";
/** Some hundred kilobytes that nothing makes smaller. */
const noise = Array.from({ length: 40_000 }, () => Math.random().toString(36)).join("");

const secretSource: SecretSource = {
  read: async (reference) =>
    reference.kind === "variable" && reference.name === "WRONG" ? "wrong-password" : password,
};

let server: GitServer;
let folder: string;

beforeEach(async () => {
  server = await GitServer.open();
  folder = mkdtempSync(join(tmpdir(), "persys-fetches-"));
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function files(limits: Partial<GitLimits> = {}): GitFiles {
  return new GitFiles({ folder, secretSource, limits: { ...usualGitLimits, ...limits } });
}

function fetchFile(
  more: Partial<GitSource> = {},
  limits: Partial<GitLimits> = {},
): ReturnType<GitFiles["fetch"]> {
  return files(limits).fetch({ repository: server.repository, ...more }, forever);
}

async function refusal(fetching: Promise<unknown>): Promise<AgentError> {
  try {
    await fetching;
  } catch (error) {
    expect(readdirSync(folder)).toEqual([]);
    return AgentError.from(error);
  }
  throw new Error("was not refused");
}

describe("GitFiles", () => {
  it("fetches the file at the head of the repository, with its commit, and leaves nothing behind", async () => {
    const commit = server.commit({ "compose.yaml": file, "docker-compose.yml": "older" });
    expect(await fetchFile()).toEqual({
      repository: server.repository,
      ref: "",
      path: "compose.yaml",
      commit,
      text: file,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("finds branches, tags, their full names and commits, whatever else there is", async () => {
    const first = server.commit({ "deploy/shop.yaml": file });
    server.tag("v1.0");
    const second = server.commit({ "deploy/shop.yaml": `${file}# 2\n` }, "feature/two");
    server.commit({ "deploy/shop.yaml": "" });
    const found = async (ref: string): Promise<string> =>
      (await fetchFile({ ref, path: "deploy/shop.yaml" })).commit;
    expect(await found("v1.0")).toBe(first);
    expect(await found("refs/tags/v1.0")).toBe(first);
    expect(await found("feature/two")).toBe(second);
    expect(await found("refs/heads/feature/two")).toBe(second);
    expect(await found(first)).toBe(first);
  });

  it("fetches of a large repository the one file alone", async () => {
    server.commit({ "compose.yaml": file, "large.bin": noise });
    const limits = { packBytesMax: 65_536 };
    expect((await fetchFile({}, limits)).text).toBe(file);
  });

  it("fetches from a server that cannot leave anything out", async () => {
    server.setting("uploadpack.allowFilter", "false");
    server.commit({ "compose.yaml": file, "other.yaml": "x" });
    expect((await fetchFile()).text).toBe(file);
  });

  it("refuses what is larger than it may be, and ends git for it", async () => {
    server.setting("uploadpack.allowFilter", "false");
    server.commit({ "compose.yaml": file, "large.bin": noise });
    const error = await refusal(fetchFile({}, { packBytesMax: 65_536 }));
    expect(error).toMatchObject({ code: "LIMIT_EXCEEDED", fault: "user", retryable: false });
    expect(error.message).toContain("more than 65536 bytes");
  });

  it("refuses more objects than there may be, and files that are too long", async () => {
    server.commit({ "compose.yaml": "#".repeat(1_048_577), "a/b/c/d": "x" });
    expect(await refusal(fetchFile({}, { objectsMax: 3 }))).toMatchObject({
      code: "LIMIT_EXCEEDED",
      message: expect.stringContaining("more than 3 files and folders"),
    });
    expect(await refusal(fetchFile())).toMatchObject({
      code: "INVALID_SPEC",
      message: expect.stringContaining("has more than 1048576 bytes"),
    });
  });

  it("tells the host who fetches, and nobody else", async () => {
    server.manners = { login: `robot:${password}` };
    const commit = server.commit({ "compose.yaml": file });
    const login = { username: "robot", password: "env:RIGHT" };
    expect((await fetchFile(login)).commit).toBe(commit);
    const other = await GitServer.open();
    server.manners = { elsewhere: other.origin };
    const error = await refusal(fetchFile(login));
    expect(error).toMatchObject({ code: "INVALID_SPEC", retryable: false });
    expect(error.message).toContain(`name ${other.repository} instead`);
    expect(other.calls).toEqual([]);
    other.close();
  });

  it.each([
    [{}, "it is not for everybody (401): name a password by git.password"],
    [{ password: "env:WRONG" }, "it does not take the password that git.password refers to (401)"],
  ])("says so where the host does not let in %j", async (login, said) => {
    server.manners = { login: `git:${password}` };
    server.commit({ "compose.yaml": file });
    const error = await refusal(fetchFile(login));
    expect(error).toMatchObject({ code: "PERMISSION_DENIED", fault: "user", retryable: true });
    expect(error.message).toContain(said);
    expect(JSON.stringify([error.message, error.details])).not.toContain("wrong-password");
  });

  it("waits for a shorter password where that is one which no host takes", async () => {
    const long = new GitFiles({
      folder,
      secretSource: { read: async () => "p".repeat(100_000) },
      limits: usualGitLimits,
    });
    const source = { repository: server.repository, password: "env:LONG" };
    expect(await refusal(long.fetch(source, forever))).toMatchObject({
      code: "SECRET_UNAVAILABLE",
      retryable: true,
      effect: "none",
      message: "what git.password refers to has more than 8192 bytes",
    });
    expect(server.calls).toEqual([]);
  });

  it("names what is not there, which may come", async () => {
    server.commit({ "other.yaml": file });
    const missing = "0123456789abcdef0123456789abcdef01234567";
    const said: readonly (readonly [Partial<GitSource>, string])[] = [
      [{}, "it has no file compose.yaml, compose.yml, docker-compose.yaml, docker-compose.yml"],
      [{ ref: "main", path: "x/y.yaml" }, "it has no file x/y.yaml at main"],
      [{ ref: "none" }, "it has no branch or tag none"],
      [{ ref: missing }, `it gives no commit ${missing}`],
      [{ repository: `${server.origin}/none.git` }, "there is none (404)"],
    ];
    for (const [source, words] of said)
      expect(await refusal(fetchFile(source))).toMatchObject({
        code: "INVALID_SPEC",
        fault: "user",
        retryable: true,
        effect: "none",
        message: expect.stringContaining(words),
      });
  });

  it("follows no symbolic link, and takes neither folders nor bytes for a file", async () => {
    server.commit({ "folder/compose.yaml": file, "bytes.yaml": "x" });
    server.link("compose.yaml", "/etc/passwd");
    server.link("linked", "folder");
    for (const [path, words] of [
      ["compose.yaml", "is a symbolic link"],
      ["folder", "is a folder"],
    ] as const)
      expect((await refusal(fetchFile({ path }))).message).toContain(words);
    expect((await refusal(fetchFile({ path: "linked/compose.yaml" }))).message).toContain(
      "it has no file linked/compose.yaml",
    );
  });

  it("gives up on a host that is silent, refuses, fails or is none, and says which it is", async () => {
    server.commit({ "compose.yaml": file });
    server.manners = { isSilent: true };
    expect(await refusal(fetchFile({}, { timeoutMs: 500 }))).toMatchObject({ code: "TIMEOUT" });
    server.manners = { status: 503 };
    expect(await refusal(fetchFile())).toMatchObject({
      code: "NETWORK_ERROR",
      retryable: true,
      message: expect.stringContaining("answers with 503"),
    });
    const gone = await GitServer.open();
    const { repository } = gone;
    gone.close();
    expect(await refusal(fetchFile({ repository }))).toMatchObject({
      code: "NETWORK_ERROR",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("tells in git's words where a host is not trusted, and does not take it for one that is not there", async () => {
    const secure = await GitServer.open("https");
    secure.commit({ "compose.yaml": file });
    const error = await refusal(fetchFile({ repository: secure.repository }));
    expect(error).toMatchObject({ code: "RUNTIME_ERROR", retryable: true });
    expect(error.message).toContain("certificate");
    secure.close();
  });

  it("reaches a host only at the addresses that were allowed", async () => {
    server.commit({ "compose.yaml": file });
    const asked: RepositoryDemand[] = [];
    let isDenied = false;
    const admit = (demand: RepositoryDemand): void => {
      asked.push(demand);
      if (isDenied && demand.addresses !== undefined) throw new Error("denied");
    };
    const repository = `http://localhost:${server.port}/shop.git`;
    const judged = new GitFiles({ folder, secretSource, limits: usualGitLimits, admit });
    expect((await judged.fetch({ repository }, forever)).text).toBe(file);
    const [first, second] = asked;
    expect(first).toEqual({ url: repository, field: "git.repository" });
    expect(second?.addresses).toContain("127.0.0.1");
    expect(second?.ownAddresses).toContain("127.0.0.1");

    const { length } = server.calls;
    isDenied = true;
    await expect(judged.fetch({ repository }, forever)).rejects.toThrow("denied");
    expect(server.calls).toHaveLength(length);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says so where the name of a host stands for nothing", async () => {
    const error = await refusal(fetchFile({ repository: "http://git.invalid/shop.git" }));
    expect(error).toMatchObject({ code: "NETWORK_ERROR", retryable: true, effect: "none" });
    expect(error.message).toContain("cannot be looked up (E");
  });

  it("is called off with all that git has started", async () => {
    server.commit({ "compose.yaml": file });
    server.manners = { isSilent: true };
    const controller = new AbortController();
    const fetching = files().fetch({ repository: server.repository }, controller.signal);
    await expect.poll(() => server.calls.length, { timeout: 20_000 }).toBeGreaterThan(0);
    controller.abort(new Error("called off"));
    await expect(fetching).rejects.toThrow("called off");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("GitFiles of an agent that comes later", () => {
  it("ends what an agent before is still fetching, and removes its folder", async () => {
    server.commit({ "compose.yaml": file });
    server.manners = { isSilent: true };
    const left = files().fetch({ repository: server.repository }, forever);
    const ended = expect(left).rejects.toMatchObject({ retryable: true });
    await expect.poll(() => server.calls.length, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(readdirSync(folder)).toHaveLength(1);
    server.manners = { status: 503 };
    await files().sweep(forever);
    expect(readdirSync(folder)).toEqual([]);
    await ended;
    expect(readdirSync(folder)).toEqual([]);
  });
});
