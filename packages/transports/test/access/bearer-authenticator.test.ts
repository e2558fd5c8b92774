import { bearerAuthenticator, type Principal } from "@persys/transports";
import { describe, expect, it } from "vitest";

const named = (identity: string): Principal => ({ identity, role: "viewer" });
const known = new Map([
  ["s3cret", named("alice")],
  ["other", named("bob")],
]);
const peer = { address: "127.0.0.1", encrypted: false, certificate: undefined, authorized: false };
const identify = (tokens: ReadonlyMap<string, Principal>, header?: string): unknown =>
  bearerAuthenticator(tokens)({
    headers: new Headers(header === undefined ? {} : { authorization: header }),
    peer,
  });
const nobody = { kind: "unknown", because: expect.stringContaining("Bearer TOKEN") };

describe("a bearer token", () => {
  it.each([
    ["Bearer s3cret", "alice"],
    ["bearer other", "bob"],
    ["Bearer   s3cret ", "alice"],
  ])("%j is that of %s", (header, identity) => {
    expect(identify(known, header)).toEqual({ kind: "known", principal: named(identity) });
  });

  it.each([
    [undefined],
    [""],
    ["Bearer"],
    ["Bearer "],
    ["Bearer S3cret"],
    ["Bearer s3cre"],
    ["Bearer s3cret x"],
    ["Basic s3cret"],
  ])("%j is nobody's", (header) => {
    expect(identify(known, header)).toEqual(nobody);
  });

  it("that is empty lets nobody in", () => {
    const open = new Map([["", named("root")]]);

    expect(identify(open, "Bearer ")).toEqual(nobody);
    expect(identify(open)).toEqual(nobody);
  });

  it("counts from when it is known to when it is not", () => {
    const tokens = new Map<string, Principal>();
    const authenticate = bearerAuthenticator(tokens);
    const asking = { headers: new Headers({ authorization: "Bearer new" }), peer };

    expect(authenticate(asking)).toEqual(nobody);
    tokens.set("new", named("carol"));
    expect(authenticate(asking)).toEqual({ kind: "known", principal: named("carol") });
    tokens.delete("new");
    expect(authenticate(asking)).toEqual(nobody);
  });
});
