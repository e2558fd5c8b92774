import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  credentialsIn,
  type DockerConfig,
  dockerConfigSchema,
} from "../../src/docker/registry-config.ts";

const secret = { username: "me", password: "pass:word" };
const auth = Buffer.from("me:pass:word").toString("base64");
const hubAddress = "https://index.docker.io/v1/";

function config(members: Partial<DockerConfig>): DockerConfig {
  return { auths: {}, credsStore: "", credHelpers: {}, ...members };
}

/** `host:port`, or a host alone. */
const registry = fc
  .tuple(fc.domain(), fc.option(fc.integer({ min: 1, max: 65_535 })))
  .map(([host, port]) => (port === null ? host : `${host}:${port}`));

/** All the ways in which `docker login` and others write the address of a registry. */
const written = fc
  .tuple(fc.constantFrom("", "http://", "https://"), fc.constantFrom("", "/", "/v1/", "/v2/"))
  .map(
    ([scheme, path]) =>
      (host: string) =>
        `${scheme}${host}${path}`,
  );

describe("credentialsIn", () => {
  it("finds the entry of a registry, however its address is written, and no other's", () => {
    fc.assert(
      fc.property(
        registry,
        written,
        fc.array(fc.tuple(registry, written)),
        (wanted, write, others) => {
          const strangers = others.filter(([host]) => host !== wanted);
          const auths = Object.fromEntries([
            ...strangers.map(([host, writeOther]) => [writeOther(host), { auth: "bm86bm8=" }]),
            [write(wanted), { auth }],
          ]);

          expect(credentialsIn(config({ auths }), wanted)).toEqual({
            kind: "credentials",
            credentials: { ...secret, serveraddress: wanted },
          });
          const { [write(wanted)]: _mine, ...rest } = auths;
          expect(credentialsIn(config({ auths: rest }), wanted)).toEqual({ kind: "none" });
        },
      ),
    );
  });

  it("takes a registry's address for its own only with the same port", () => {
    const auths = { "registry.example": { auth }, "registry.example:5001": { auth } };

    expect(credentialsIn(config({ auths }), "registry.example:5000").kind).toBe("none");
  });

  it.each([hubAddress, "index.docker.io", "docker.io", "https://registry-1.docker.io/v2/"])(
    "finds those of Docker's hub under %s",
    (address) => {
      expect(credentialsIn(config({ auths: { [address]: { auth } } }), "docker.io")).toEqual({
        kind: "credentials",
        credentials: { ...secret, serveraddress: hubAddress },
      });
    },
  );

  it("prefers the entry with exactly the address that Docker uses", () => {
    const auths = { "docker.io": { auth: "bm86bm8=" }, [hubAddress]: { auth } };

    expect(credentialsIn(config({ auths }), "docker.io")).toMatchObject({ credentials: secret });
  });

  it("takes user and password where they are written out", () => {
    const auths = { "r.example": secret };

    expect(credentialsIn(config({ auths }), "r.example")).toMatchObject({ credentials: secret });
  });

  it("leaves out the NUL characters that old versions of Docker wrote", () => {
    const padded = Buffer.from("me:pass:word\0\0").toString("base64");

    expect(credentialsIn(config({ auths: { r: { auth: padded } } }), "r")).toMatchObject({
      credentials: secret,
    });
  });

  it("gives an identity token instead of a password", () => {
    const auths = {
      "r.example": { auth: Buffer.from("me:").toString("base64"), identitytoken: "t" },
    };

    expect(credentialsIn(config({ auths }), "r.example")).toEqual({
      kind: "credentials",
      credentials: { username: "me", identitytoken: "t", serveraddress: "r.example" },
    });
  });

  it.each([{}, null, { auth: "" }])("has none where an entry is %j", (entry) => {
    expect(credentialsIn(config({ auths: { r: entry } }), "r")).toEqual({ kind: "none" });
  });

  it.each(["bWU=", "OnBhc3M=", "%%%"])(
    "says that auth %s is malformed, without it",
    (malformed) => {
      const found = credentialsIn(config({ auths: { r: { auth: malformed } } }), "r");

      expect(found.kind).toBe("fault");
      expect(JSON.stringify(found)).not.toContain(malformed);
    },
  );

  it("asks the helper of a host before that of all, and any before the entries", () => {
    const auths = { "r.example": { auth } };
    const credHelpers = { "r.example": "own" };

    expect(credentialsIn(config({ auths, credHelpers, credsStore: "all" }), "r.example")).toEqual({
      kind: "helper",
      helper: "own",
      serverAddress: "r.example",
    });
    expect(credentialsIn(config({ auths, credHelpers, credsStore: "all" }), "docker.io")).toEqual({
      kind: "helper",
      helper: "all",
      serverAddress: hubAddress,
    });
  });

  it.each(["../../bin/sh", "a b", "a/b", "a\0"])("runs no helper called %j", (helper) => {
    expect(credentialsIn(config({ credsStore: helper }), "r").kind).toBe("fault");
  });

  it("never takes what every object has for an entry", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("constructor", "toString", "__proto__", "hasOwnProperty"),
        (name) => {
          expect(credentialsIn(config({}), name)).toEqual({ kind: "none" });
        },
      ),
    );
  });

  it("reads what Docker writes and leaves out the rest", () => {
    const parsed = dockerConfigSchema.parse({
      auths: { r: { auth, email: "me@example" } },
      HttpHeaders: { "User-Agent": "Docker-Client" },
      credHelpers: null,
    });

    expect(parsed).toEqual(config({ auths: { r: { auth } } }));
  });
});
