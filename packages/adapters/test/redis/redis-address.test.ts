import { describe, expect, it } from "vitest";
import { parseRedisUrl, placeOf } from "../../src/redis/redis-address.ts";

describe("parseRedisUrl", () => {
  it("reads host, port, database, name and password", () => {
    expect(parseRedisUrl("rediss://a%40b:p%2Fw%3A@redis.example:7000/3")).toEqual({
      host: "redis.example",
      port: 7000,
      isTls: true,
      username: "a@b",
      password: "p/w:",
      database: 3,
    });
  });

  it.each(["redis://host", "redis://host/", "redis://host:6379/0"])(
    "takes %s for database 0 at the usual port",
    (url) => {
      expect(parseRedisUrl(url)).toMatchObject({ host: "host", port: 6379, database: 0 });
    },
  );

  it("takes a password without a name, and an address in brackets", () => {
    expect(parseRedisUrl("redis://:word@[::1]:7000")).toMatchObject({
      host: "::1",
      username: undefined,
      password: "word",
    });
  });

  it.each([
    "",
    "host:6379",
    "http://user:secret@host",
    "redis://",
    "redis://user:secret@host/name",
    "redis://user:secret@host/0?family=6",
    "redis://user:secret%zz@host",
  ])("refuses %j without repeating it", (url) => {
    expect(() => parseRedisUrl(url)).toThrow(RangeError);
    expect(() => parseRedisUrl(url)).not.toThrow("secret");
  });
});

describe("placeOf", () => {
  it("shows an address without name and password", () => {
    expect(placeOf(parseRedisUrl("rediss://u:secret@[::1]/2"))).toBe("rediss://[::1]:6379/2");
  });
});
