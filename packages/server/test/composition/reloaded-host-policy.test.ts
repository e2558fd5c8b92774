import { mkdirSync, realpathSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Denial, LogFields } from "@persys/core";
import { silentLogger } from "@persys/core";
import { beforeEach, describe, expect, it } from "vitest";
import type { AgentSettings } from "../../src/composition/agent-settings.ts";
import { ReloadedHostPolicy } from "../../src/composition/reloaded-host-policy.ts";
import { findConfig } from "../../src/cli/load-settings.ts";
import { stubSettings } from "../support/stub-agent.ts";
import { tempFolder } from "../support/temp-folder.ts";

let folder: string;
let file: string;
let env: Record<string, string>;
let ownFiles: readonly string[];
let lines: (readonly [string, LogFields | undefined])[];
let changes: number;

beforeEach(() => {
  folder = tempFolder();
  file = join(folder, "agent_config.yaml");
  env = {};
  ownFiles = [];
  lines = [];
  changes = 0;
});

function settings(): AgentSettings {
  const reread = () =>
    findConfig(
      { dev: false, configFile: file, flags: {} },
      { env, cwd: folder, home: undefined, userHome: folder },
    );
  const found = reread();
  if (!found.ok) throw new Error(JSON.stringify(found.problems));
  const { config } = found;
  return { ...stubSettings(folder), config, dev: false, configFile: found.file, reread };
}

function policyOf(text: string): ReloadedHostPolicy {
  writeFileSync(file, text);
  const note = (message: string, fields?: LogFields): void => void lines.push([message, fields]);
  const policy = new ReloadedHostPolicy({
    settings: settings(),
    ownFiles: () => ownFiles,
    logger: { ...silentLogger, info: note, warn: note, error: note },
  });
  policy.onChange(() => (changes += 1));
  return policy;
}

function denialsOf(policy: ReloadedHostPolicy, path: string): readonly Denial["rule"][] {
  const hostPaths = [{ path, field: "volumes[0].hostPath", readOnly: false }];
  const demands = { cpuMillicores: 0, memoryBytes: 0, hostPaths, user: "" };
  return policy
    .current()
    .judge(demands, "container")
    .map(({ rule }) => rule);
}

describe("a host policy that is read anew", () => {
  it("holds at once, and says what has changed", () => {
    const policy = policyOf("allowed_host_paths: [/srv/a]\n");
    expect(denialsOf(policy, "/srv/b/x")).toEqual(["host-path"]);

    writeFileSync(file, "allowed_host_paths: [/srv/b]\n");
    policy.reload();

    expect(denialsOf(policy, "/srv/b/x")).toEqual([]);
    expect(denialsOf(policy, "/srv/a/x")).toEqual(["host-path"]);
    expect(changes).toBe(1);
    expect(lines).toEqual([["another host policy holds", { settings: ["allowed_host_paths"] }]]);
  });

  it("stays where the settings are as they were", () => {
    const policy = policyOf("allowed_host_paths: [/srv/a]\n");

    policy.reload();

    expect(changes).toBe(0);
    expect(lines).toEqual([["the host policy is as it was", undefined]]);
  });

  it.each([
    "allowed_host_paths: [srv]\nallow_privileged: true\n",
    "allow_privileged: [",
    "a: 1\na: 2",
  ])("stays where something is wrong in the file: %j", (text) => {
    const policy = policyOf("allowed_host_paths: [/srv/a]\n");
    const before = policy.current();

    writeFileSync(file, text);
    policy.reload();

    expect(policy.current()).toBe(before);
    expect(lines[0]?.[0]).toContain("what they said before goes on to hold");
    expect(lines[0]?.[1]).toMatchObject({ problems: [expect.any(String)] });
  });

  it("takes up no other setting, and says which need a start", () => {
    const policy = policyOf("log_level: info\n");

    writeFileSync(file, "log_level: debug\nstate_store_path: /srv/other\nallow_privileged: true\n");
    policy.reload();

    expect(lines).toEqual([
      [
        expect.stringContaining("at the next start"),
        { settings: ["state_store_path", "log_level"] },
      ],
      ["another host policy holds", { settings: ["allow_privileged"] }],
    ]);
    writeFileSync(file, "allowed_host_paths: [/srv/other]\n");
    policy.reload();
    expect(denialsOf(policy, "/srv/other/x")).toEqual([]);
  });

  it("gives way to what the environment says", () => {
    env = { PERSYS_ALLOWED_HOST_PATHS: "/srv/env" };
    const policy = policyOf("");

    writeFileSync(file, "allowed_host_paths: [/srv/b]\n");
    policy.reload();

    expect(denialsOf(policy, "/srv/b/x")).toEqual(["host-path"]);
    expect(changes).toBe(0);
  });

  it("protects the file of the settings, and those that the access file names, as it does now", () => {
    const text = "allowed_host_paths: [/]\n";
    const policy = policyOf(text);

    expect(denialsOf(policy, file)).toEqual(["host-path-protected"]);
    expect(denialsOf(policy, folder)).toEqual(["host-path-protected"]);
    expect(denialsOf(policy, "/srv/keys/login.json")).toEqual([]);
    ownFiles = ["/srv/keys/login.json"];
    expect(denialsOf(policy, "/srv/keys/login.json")).toEqual(["host-path-protected"]);
    expect(denialsOf(policy, "/srv/keys")).toEqual(["host-path-protected"]);
    writeFileSync(file, `${text}allow_privileged: true\n`);
    policy.reload();
    expect(denialsOf(policy, "/srv/keys")).toEqual(["host-path-protected"]);
  });
});

describe("a path of the host policy that is a link", () => {
  /** As folders of secrets are rotated: another folder is filled, and the link put in place at once. */
  function pointTo(version: string): string {
    const real = join(realpathSync(folder), version);
    mkdirSync(real, { recursive: true });
    symlinkSync(version, join(folder, "current.new"));
    renameSync(join(folder, "current.new"), join(folder, "current"));
    return real;
  }

  function secretDenials(policy: ReloadedHostPolicy, path: string): readonly Denial["rule"][] {
    const secretFiles = [{ path, field: "env" }];
    const demands = { cpuMillicores: 0, memoryBytes: 0, hostPaths: [], user: "", secretFiles };
    return policy
      .current()
      .judge(demands, "secret")
      .map(({ rule }) => rule);
  }

  it("is followed to where it leads by now, without a reload", async () => {
    const first = pointTo("1");
    const link = join(folder, "current");
    const policy = policyOf(`allowed_host_paths: [${link}]\nallowed_secret_files: [${link}]\n`);
    expect(secretDenials(policy, join(first, "db"))).toEqual([]);

    const second = pointTo("2");

    expect(secretDenials(policy, join(second, "db"))).toEqual([]);
    expect(denialsOf(policy, join(second, "x"))).toEqual([]);
    expect(secretDenials(policy, join(first, "db"))).toEqual(["secret-file"]);
    expect(denialsOf(policy, join(first, "x"))).toEqual(["host-path"]);
    await Promise.resolve();
    expect(changes).toBe(1);
  });

  it("is followed anew by a reload, which what was held back hears of", async () => {
    const first = pointTo("1");
    const policy = policyOf(`allowed_secret_files: [${join(folder, "current")}]\n`);

    pointTo("2");
    policy.reload();
    await Promise.resolve();

    expect(changes).toBe(1);
    expect(lines).toEqual([["paths that the host policy names lead elsewhere now", undefined]]);
    expect(secretDenials(policy, join(first, "db"))).toEqual(["secret-file"]);
  });
});
