import { bearerAuthenticator } from "@persys/transports";
import { describe, expect, it } from "vitest";

const known = new Map([
  ["s3cret", "alice"],
  ["other", "bob"],
]);
const identify = (header?: string): string | undefined =>
  bearerAuthenticator(known)(new Headers(header === undefined ? {} : { authorization: header }));

describe("a bearer token", () => {
  it.each([
    ["Bearer s3cret", "alice"],
    ["bearer other", "bob"],
    ["Bearer   s3cret ", "alice"],
  ])("%j is that of %s", (header, identity) => {
    expect(identify(header)).toBe(identity);
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
    expect(identify(header)).toBeUndefined();
  });

  it("that is empty lets nobody in", () => {
    const open = bearerAuthenticator(new Map([["", "root"]]));

    expect(open(new Headers({ authorization: "Bearer " }))).toBeUndefined();
    expect(open(new Headers())).toBeUndefined();
  });

  it("counts from when it is known to when it is not", () => {
    const tokens = new Map<string, string>();
    const authenticate = bearerAuthenticator(tokens);
    const headers = new Headers({ authorization: "Bearer new" });

    expect(authenticate(headers)).toBeUndefined();
    tokens.set("new", "carol");
    expect(authenticate(headers)).toBe("carol");
    tokens.delete("new");
    expect(authenticate(headers)).toBeUndefined();
  });
});
