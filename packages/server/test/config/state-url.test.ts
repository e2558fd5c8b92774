import { describe, expect, it } from "vitest";
import { placeOfState, stateUrl } from "../../src/config/state-url.ts";

describe("stateUrl", () => {
  it.each([
    "redis://h",
    "redis://h:7000/2",
    "rediss://a%40b:p%2Fw@redis.example",
    "redis://[::1]/",
  ])("takes %s", (url) => {
    expect(stateUrl.read(url)).toEqual({ ok: true, value: url });
  });

  it.each([
    "",
    "h:6379",
    "http://h",
    "redis://",
    "redis://h/name",
    "redis://h/0?a=b",
    "redis://a%zz@h",
  ])("refuses %j", (url) => {
    expect(stateUrl.read(url)).toMatchObject({ ok: false });
  });

  it("takes none for no server", () => {
    expect(stateUrl.read("None")).toEqual({ ok: true, value: "none" });
  });
});

describe("placeOfState", () => {
  it("is the folder, or the server without name and password", () => {
    const statePath = "/srv/state";

    expect(placeOfState({ stateUrl: "none", statePath })).toBe(statePath);
    expect(placeOfState({ stateUrl: "rediss://me:secret@h:7000/2", statePath })).toBe(
      "rediss://h:7000/2",
    );
  });
});
