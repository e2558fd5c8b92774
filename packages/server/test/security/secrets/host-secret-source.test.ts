import { execFileSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fixedHostPolicy, hostPolicyOf, safeHostPolicyRules } from "@persys/core";
import { describe, expect, it } from "vitest";
import { HostSecretSource } from "../../../src/security/secrets/host-secret-source.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const forever = new AbortController().signal;

/** A source on a folder `open` that may be referred to and one `own` of the agent's. */
function sourceIn(folder: string, env: Readonly<Record<string, string>> = {}): HostSecretSource {
  mkdirSync(join(folder, "open"));
  mkdirSync(join(folder, "own"));
  const policy = hostPolicyOf({
    ...safeHostPolicyRules,
    allowedSecretFiles: [folder],
    allowedSecretVariables: ["DB", "HOME"],
    protectedPaths: [...safeHostPolicyRules.protectedPaths, join(folder, "own")],
  });
  return new HostSecretSource({ policy: fixedHostPolicy(policy), env });
}

describe("a reference to a file", () => {
  it.each([
    ["as it is", "s3cret", "s3cret"],
    ["without one line end", "s3cret\n", "s3cret"],
    ["without one line end only", "a\n\n", "a\n"],
    ["without a line end of another system", "s3cret\r\n", "s3cret"],
    ["of several lines", "line 1\nline 2\n", "line 1\nline 2"],
    ["that is empty", "", ""],
    ["in any script", "pässwörd 😀\n", "pässwörd 😀"],
  ])("stands for what is in it, %s", async (_, text, expected) => {
    const folder = tempFolder();
    const source = sourceIn(folder);
    const path = join(folder, "open", "db");
    writeFileSync(path, text);

    expect(await source.read({ kind: "file", path }, forever)).toBe(expected);
  });

  it.each([
    ["does not exist", "missing", /does not exist/],
    ["is a folder", ".", /is no file/],
    ["is too large", "large", /more than 130000 bytes/],
    ["is no text", "bytes", /not UTF-8/],
    ["holds a NUL", "nul", /NUL/],
    ["is a pipe", "pipe", /is no file/],
  ])("that %s says so, is retried, and quotes nothing", async (_, name, why) => {
    const folder = tempFolder();
    const source = sourceIn(folder);
    const path = join(folder, "open", name);
    writeFileSync(join(folder, "open", "large"), "s3cret".repeat(30_000));
    writeFileSync(join(folder, "open", "bytes"), Buffer.from([0xff, 0xfe, 0x73]));
    writeFileSync(join(folder, "open", "nul"), "s3cret\0");
    execFileSync("mkfifo", [join(folder, "open", "pipe")]);

    const failure: unknown = await source
      .read({ kind: "file", path }, forever)
      .catch((error: unknown) => error);

    expect(failure).toMatchObject({
      code: "SECRET_UNAVAILABLE",
      retryable: true,
      effect: "none",
      message: expect.stringMatching(why) as string,
    });
    expect(String(failure)).not.toContain("s3cret");
  });

  it("is judged by where it leads", async () => {
    const folder = tempFolder();
    const source = sourceIn(folder);
    writeFileSync(join(folder, "own", "keys.json"), "the agent's");
    symlinkSync(join(folder, "own", "keys.json"), join(folder, "open", "link"));
    symlinkSync("/proc/self/environ", join(folder, "open", "environ"));
    symlinkSync("/etc/passwd", join(folder, "open", "elsewhere"));

    for (const name of ["link", "environ", "elsewhere"]) {
      const path = join(folder, "open", name);
      await expect(source.read({ kind: "file", path }, forever)).rejects.toMatchObject({
        code: "POLICY_DENIED",
      });
    }
  });
});

describe("a reference to a file that is replaced while it is read", () => {
  /** Runs `meanwhile` once the file is open and its name was asked for. */
  async function readWhile(path: string, meanwhile: () => void): Promise<unknown> {
    const policy = hostPolicyOf({ ...safeHostPolicyRules, allowedSecretFiles: [path] });
    const source = new HostSecretSource({ policy: fixedHostPolicy(policy), env: {} });
    const reading = source.read({ kind: "file", path }, forever).catch((error: unknown) => error);
    const opened = join("/proc/self/fd");
    const isOpen = (): boolean =>
      readdirSync(opened).some((fd) => {
        try {
          return readlinkSync(join(opened, fd)) === path;
        } catch {
          return false;
        }
      });
    const deadline = Date.now() + 5_000;
    while (!isOpen() && Date.now() < deadline);
    meanwhile();
    return reading;
  }

  it.each([
    ["and is gone then", false],
    ["and has another name besides", true],
  ])("is tried again, %s", async (_, hasOther) => {
    const folder = realpathSync(tempFolder());
    const path = join(folder, "db");
    writeFileSync(path, "old");
    if (hasOther) linkSync(path, join(folder, "other"));
    writeFileSync(join(folder, "new"), "new");

    const failure = await readWhile(path, () => renameSync(join(folder, "new"), path));

    expect(failure).toMatchObject({
      code: "SECRET_UNAVAILABLE",
      retryable: true,
      effect: "none",
      message: expect.stringContaining("is being replaced") as string,
    });
  });
});

describe("a reference to a variable", () => {
  it("stands for its value in the agent's environment", async () => {
    const source = sourceIn(tempFolder(), { DB: "s3cret" });

    expect(await source.read({ kind: "variable", name: "DB" }, forever)).toBe("s3cret");
  });

  it("that is not there says so and is retried", async () => {
    const source = sourceIn(tempFolder());

    await expect(source.read({ kind: "variable", name: "DB" }, forever)).rejects.toMatchObject({
      code: "SECRET_UNAVAILABLE",
      retryable: true,
    });
  });

  it.each(["PATH", "PERSYS_STATE_URL", "OTEL_EXPORTER_OTLP_HEADERS", "toString"])(
    "that this node does not give is denied: %s",
    async (name) => {
      const source = sourceIn(tempFolder(), { PATH: "/bin", PERSYS_STATE_URL: "redis://:pw@h" });

      await expect(source.read({ kind: "variable", name }, forever)).rejects.toMatchObject({
        code: "POLICY_DENIED",
      });
    },
  );
});
