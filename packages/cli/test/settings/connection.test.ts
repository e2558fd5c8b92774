import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resolveConnection } from "../../src/settings/connection.ts";
import { saveContexts } from "../../src/settings/context-file.ts";
import type { ConnectionFlags } from "../../src/settings/places.ts";
import { tempFolder } from "../temp-folder.ts";

interface Place {
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: ConnectionFlags;
}

const devEndpoint = "http://127.0.0.1:50052";

/** A home with the contexts `prod` (current) and `lab`, and a folder two below one with a development agent. */
async function scene() {
  const home = await tempFolder();
  const contextFile = join(home, "contexts.yaml");
  await writeFile(join(home, "lab-token"), "lab-secret\n");
  await saveContexts(contextFile, {
    current: "prod",
    contexts: new Map([
      ["prod", { endpoint: "https://prod:1", token: "prod-secret" }],
      ["lab", { endpoint: "https://lab:1", tokenFile: "lab-token" }],
    ]),
  });
  const dev = join(home, "project", ".persys", "dev");
  const cwd = join(home, "project", "a", "b");
  await mkdir(dev, { recursive: true });
  await mkdir(cwd, { recursive: true });
  await writeFile(join(dev, "token"), "dev-secret\n");
  await writeFile(join(dev, "endpoints.json"), JSON.stringify({ http: devEndpoint, pid: 1 }));
  const resolve = ({ env = {}, flags = {} }: Place) =>
    resolveConnection(flags, { env, cwd, homeDir: home, userId: process.getuid?.() });
  return { home, dev, contextFile, resolve };
}

describe("resolveConnection", () => {
  it("takes the first place that names an agent: flag, context flag, environment, contexts, development agent", async () => {
    const { contextFile, resolve } = await scene();
    const env = { PERSYS_CONTEXT_FILE: contextFile };
    const named = { ...env, PERSYS_ENDPOINT: "http://env:1", PERSYS_CONTEXT: "lab" };
    const endpointOf = async (place: Place) => (await resolve(place)).endpoint;

    expect(
      await endpointOf({ env: named, flags: { endpoint: "http://flag:1", context: "prod" } }),
    ).toBe("http://flag:1");
    expect(await endpointOf({ env: named, flags: { context: "prod" } })).toBe("https://prod:1");
    expect(await endpointOf({ env: named })).toBe("http://env:1");
    expect(await endpointOf({ env: { ...env, PERSYS_CONTEXT: "lab" } })).toBe("https://lab:1");
    expect(await endpointOf({ env })).toBe("https://prod:1");
    expect(await endpointOf({})).toBe(devEndpoint);
  });

  it("finds token and endpoint of a development agent in a folder above", async () => {
    const { dev, resolve } = await scene();

    expect(await resolve({})).toMatchObject({
      endpoint: devEndpoint,
      token: "dev-secret",
      dev: { dir: dev, pid: 1 },
    });
  });

  it("looks for the development agent in PERSYS_DEV_DIR alone, where that is set", async () => {
    const { dev, home, resolve } = await scene();

    expect(await resolve({ env: { PERSYS_DEV_DIR: dev } })).toMatchObject({ token: "dev-secret" });
    await expect(resolve({ env: { PERSYS_DEV_DIR: join(home, "nothing") } })).rejects.toThrow(
      "no agent is named",
    );
  });

  it("reads the token file of a context from beside the context file", async () => {
    const { contextFile, resolve } = await scene();

    expect(
      await resolve({ env: { PERSYS_CONTEXT_FILE: contextFile }, flags: { context: "lab" } }),
    ).toMatchObject({ token: "lab-secret" });
  });

  it("never sends a stored token to another endpoint", async () => {
    const { contextFile, resolve } = await scene();
    const env = { PERSYS_CONTEXT_FILE: contextFile };

    expect((await resolve({ env, flags: { endpoint: "https://evil:1" } })).token).toBeUndefined();
    expect(
      (await resolve({ env: { ...env, PERSYS_ENDPOINT: "https://evil:1" } })).token,
    ).toBeUndefined();
  });

  it("sends a stored token to its own endpoint, however that was named", async () => {
    const { resolve } = await scene();

    expect((await resolve({ flags: { endpoint: "127.0.0.1:50052" } })).token).toBe("dev-secret");
  });

  it("prefers a token of the command line to one of the environment, and that to a stored one", async () => {
    const { contextFile, resolve } = await scene();
    const env = { PERSYS_CONTEXT_FILE: contextFile, PERSYS_TOKEN: "env-secret" };

    expect((await resolve({ env, flags: { token: "flag-secret" } })).token).toBe("flag-secret");
    expect((await resolve({ env })).token).toBe("env-secret");
  });

  it("shows no stored certificate to another endpoint, and needs none of its files there", async () => {
    const { contextFile, home, resolve } = await scene();
    const stored = { ca: "ca.pem", cert: "me.pem", key: "me-key.pem" };
    const contexts = new Map([["prod", { endpoint: "https://prod:1", ...stored }]]);
    await saveContexts(contextFile, { current: "prod", contexts });
    const env = { PERSYS_CONTEXT_FILE: contextFile };

    const elsewhere = await resolve({ env, flags: { endpoint: "https://evil:1" } });

    expect(elsewhere).toEqual({
      endpoint: "https://evil:1",
      token: undefined,
      source: "--endpoint",
    });
    await expect(resolve({ env })).rejects.toThrow(join(home, "me.pem"));
  });

  it("sends no token of another place along with a certificate, which would count for nothing", async () => {
    const { home, resolve } = await scene();
    const env = { PERSYS_TOKEN: "env-secret" };
    const flags = { endpoint: "https://a:1", cert: join(home, "no.pem"), key: join(home, "no") };

    await expect(resolve({ env, flags })).rejects.toThrow("--cert: cannot read the certificate");
  });

  it("leaves certificates of the environment out where there is no TLS, and refuses those of flags", async () => {
    const { resolve } = await scene();
    const env = { PERSYS_CERT_FILE: "/no.pem", PERSYS_CA_FILE: "/no.pem", PERSYS_TOKEN: "t" };

    expect(await resolve({ env, flags: { endpoint: "http://a:1" } })).toMatchObject({ token: "t" });
    await expect(resolve({ flags: { endpoint: "a:1", ca: "/no.pem" } })).rejects.toThrow(
      "--ca is for TLS, and http://a:1 is without",
    );
  });

  it("refuses a token file that holds more than a token", async () => {
    const { home, resolve } = await scene();
    const tokenFile = join(home, "two");
    await writeFile(tokenFile, "one two");

    await expect(resolve({ flags: { tokenFile } })).rejects.toThrow("does not hold one token");
  });

  it.each(["ftp://x", "http://", "not an address"])(
    "refuses %j as an address",
    async (endpoint) => {
      const { resolve } = await scene();

      await expect(resolve({ flags: { endpoint } })).rejects.toMatchObject({ exitCode: 2 });
    },
  );

  it.each(["nope", "constructor", "toString", "__proto__"])(
    "names the contexts' file when a context is unknown: %s",
    async (context) => {
      const { contextFile, resolve } = await scene();
      const place = { env: { PERSYS_CONTEXT_FILE: contextFile }, flags: { context } };

      await expect(resolve(place)).rejects.toThrow(
        `there is no context "${context}" in ${contextFile}`,
      );
    },
  );
});
