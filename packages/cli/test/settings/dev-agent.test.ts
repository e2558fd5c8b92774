import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findDevAgent, isAlive, isLoopback } from "../../src/settings/dev-agent.ts";
import { tempFolder } from "../temp-folder.ts";

async function devFolder(endpoints: string) {
  const cwd = await tempFolder();
  const dir = join(cwd, ".persys", "dev");
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "endpoints.json"), endpoints);
  return { env: {}, cwd, userId: process.getuid?.() };
}

describe("findDevAgent", () => {
  it.each([
    ["that is half written", '{"http": "http://127.'],
    ["without an address", "{}"],
    ["with an address elsewhere", '{"http": "http://10.0.0.1:50052"}'],
    ["that is no object", "null"],
  ])("passes over a description %s", async (_, text) => {
    expect(await findDevAgent(await devFolder(text))).toBeUndefined();
  });

  it("passes over a description that belongs to somebody else", async () => {
    const host = await devFolder('{"http": "http://127.0.0.1:1"}');
    const owner = host.userId ?? 0;
    const trusted = await findDevAgent(host);
    const foreign = await findDevAgent({ ...host, userId: owner + 1 });

    expect(trusted?.endpoint).toBe("http://127.0.0.1:1");
    // What root owns, everybody trusts.
    expect(foreign?.endpoint).toBe(owner === 0 ? "http://127.0.0.1:1" : undefined);
  });
});

describe("isAlive", () => {
  it("knows this process and none that cannot be", () => {
    expect(isAlive(process.pid)).toBe(true);
    expect(isAlive(2 ** 22 + 1)).toBe(false);
  });
});

describe("isLoopback", () => {
  it.each([
    ["http://127.0.0.1:1", true],
    ["http://localhost:1", true],
    ["http://[::1]:1", true],
    ["http://127.0.0.1.evil.org", false],
    ["http://10.0.0.1", false],
    ["nonsense", false],
  ])("says of %s: %s", (endpoint, expected) => {
    expect(isLoopback(endpoint)).toBe(expected);
  });
});
