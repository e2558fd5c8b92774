import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RegistryCredentialFiles } from "../../src/docker/registry-credentials.ts";
import { forever } from "../support/runtime-calls.ts";

const image = "registry.example:5000/team/app:1";
const registry = "registry.example:5000";
const secret = "s3cret-word";
const auth = Buffer.from(`me:${secret}`).toString("base64");
const found = { username: "me", password: secret, serveraddress: registry };

describe("RegistryCredentialFiles", () => {
  let folder: string;
  let dockerConfigFile: string;
  let registryAuthFolder: string;
  let files: RegistryCredentialFiles;

  const write = (path: string, content: unknown): void => {
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  };
  /** A credential helper on the PATH that runs this script. */
  const helper = (name: string, script: string): void => {
    const path = join(folder, `docker-credential-${name}`);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  };
  const errorOf = async (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      (one) => `no error: ${inspect(one)}`,
      (error: unknown) => error,
    );

  beforeEach(() => {
    folder = mkdtempSync("/tmp/persys-test-credentials-");
    dockerConfigFile = join(folder, "config.json");
    registryAuthFolder = join(folder, "registries");
    mkdirSync(registryAuthFolder);
    files = new RegistryCredentialFiles({ dockerConfigFile, registryAuthFolder });
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it("finds those of the operator's Docker configuration", async () => {
    write(dockerConfigFile, { auths: { [registry]: { auth } } });

    expect(await files.find(image, undefined, forever)).toEqual(found);
    expect(await files.find(image, "", forever)).toEqual(found);
    expect(await files.find("busybox", undefined, forever)).toBeUndefined();
  });

  it("reads the file each time", async () => {
    write(dockerConfigFile, {});
    expect(await files.find(image, undefined, forever)).toBeUndefined();

    write(dockerConfigFile, { auths: { [registry]: { auth } } });

    expect(await files.find(image, undefined, forever)).toEqual(found);
  });

  it("finds those that registryAuth names, and no others", async () => {
    write(dockerConfigFile, { auths: { [registry]: { auth: "b3RoZXI6b3RoZXI=" } } });
    write(join(registryAuthFolder, "team.json"), { auths: { [registry]: { auth } } });

    expect(await files.find(image, "team", forever)).toEqual(found);
    expect(await errorOf(files.find("other.example/app", "team", forever))).toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      retryable: true,
      message: expect.stringContaining("PERSYS_REGISTRY_AUTH_DIR"),
      details: { registry: "other.example" },
    });
  });

  it("needs none where nothing is configured", async () => {
    const none = new RegistryCredentialFiles({
      dockerConfigFile: undefined,
      registryAuthFolder: undefined,
    });

    expect(await none.find(image, undefined, forever)).toBeUndefined();
    expect(await errorOf(none.find(image, "team", forever))).toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      message: expect.stringContaining("PERSYS_REGISTRY_AUTH_DIR"),
    });
  });

  it("says which file is missing, and what for", async () => {
    expect(await errorOf(files.find(image, "team", forever))).toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      retryable: true,
      message: expect.stringMatching(/registries\/team\.json .*ENOENT/),
    });
    expect(await errorOf(files.find(image, undefined, forever))).toMatchObject({
      message: expect.stringMatching(/config\.json \(PERSYS_DOCKER_CONFIG\) .*ENOENT/),
    });
  });

  it("reads no file outside the folder, whatever the name", async () => {
    write(join(folder, "outside.json"), { auths: { [registry]: { auth } } });
    const name = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom("..", ".", "/", "outside", "\0", "\\")).map((one) => one.join("")),
    );

    await fc.assert(
      fc.asyncProperty(name, async (text) => {
        fc.pre(text !== "");
        expect(await errorOf(files.find(image, text, forever))).toMatchObject({
          code: expect.stringMatching(/^(?:INVALID_SPEC|REGISTRY_UNAUTHORIZED)$/),
        });
      }),
    );
    expect(await errorOf(files.find(image, "../outside", forever))).toMatchObject({
      code: "INVALID_SPEC",
      fault: "user",
    });
  });

  it.each([
    ["no JSON", `{"auths": {"${registry}": {"auth": "${auth}"`],
    ["another form", { auths: [secret] }],
    [
      "a malformed entry",
      { auths: { [registry]: { auth: Buffer.from(secret).toString("base64") } } },
    ],
    ["too much", `"${secret.repeat(200_000)}"`],
  ])("says that a file is malformed, and nothing of its content: %s", async (_what, content) => {
    write(dockerConfigFile, content);

    const error = await errorOf(files.find(image, undefined, forever));

    expect(error).toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      retryable: true,
      message: expect.stringContaining("PERSYS_DOCKER_CONFIG"),
    });
    const all = inspect(error, { depth: 10, showHidden: true, maxStringLength: Infinity });
    expect(all).not.toContain(secret);
    expect(all).not.toContain(auth);
    expect(all).not.toContain(Buffer.from(secret).toString("base64"));
  });

  it("does not wait for a file that is a folder or a device", async () => {
    const device = new RegistryCredentialFiles({
      dockerConfigFile: "/dev/zero",
      registryAuthFolder: undefined,
    });
    mkdirSync(dockerConfigFile);

    for (const one of [device, files])
      expect(await errorOf(one.find(image, undefined, forever))).toMatchObject({
        code: "REGISTRY_UNAUTHORIZED",
      });
  });

  it("asks a helper, on its standard input", async () => {
    write(dockerConfigFile, { credHelpers: { [registry]: "here" } });
    helper(
      "here",
      `test "$*" = get && test "$(cat)" = ${registry} && echo '{"ServerURL":"x","Username":"me","Secret":"${secret}"}'`,
    );

    expect(await files.find(image, undefined, forever)).toEqual(found);
  });

  it("takes a helper's token for one", async () => {
    write(dockerConfigFile, { credsStore: "here" });
    helper("here", `echo '{"ServerURL":"x","Username":"<token>","Secret":"${secret}"}'`);

    expect(await files.find(image, undefined, forever)).toEqual({
      identitytoken: secret,
      serveraddress: registry,
    });
  });

  it("pulls as nobody where a helper has nothing", async () => {
    write(dockerConfigFile, { credsStore: "here" });
    helper("here", "echo 'credentials not found in native keychain'; exit 1");

    expect(await files.find(image, undefined, forever)).toBeUndefined();
  });

  it.each([
    ["answers nonsense", `echo '${secret}'`, "no credential"],
    ["answers too much", `yes ${secret}`, "more than"],
    ["is killed", "kill -KILL $$", "was killed"],
  ])("says that a helper %s, and nothing of what it said", async (_what, script, why) => {
    write(dockerConfigFile, { credsStore: "here" });
    helper("here", script);

    const error = await errorOf(files.find(image, undefined, forever));

    expect(error).toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      message: expect.stringMatching(new RegExp(`docker-credential-here.*${why}`)),
    });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
  });

  it("says that a helper is not installed", async () => {
    write(dockerConfigFile, { credsStore: "nowhere" });

    expect(await errorOf(files.find(image, undefined, forever))).toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      retryable: true,
      message: expect.stringMatching(/docker-credential-nowhere.*ENOENT/),
    });
  });

  it("ends a helper that is waited for no more", async () => {
    write(dockerConfigFile, { credsStore: "here" });
    helper("here", `exec sleep 1000`);
    const waiting = new AbortController();
    const call = files.find(image, undefined, waiting.signal);
    setImmediate(() => {
      waiting.abort(new Error("no more"));
    });

    await expect(call).rejects.toThrow("no more");
  });
});
