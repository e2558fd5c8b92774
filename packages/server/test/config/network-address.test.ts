import { describe, expect, it } from "vitest";
import { httpOrigin, isLoopback, networkAddress } from "../../src/config/network-address.ts";

describe("networkAddress", () => {
  it.each(["127.0.0.1", "0.0.0.0", "::1", "::", "localhost", "node-1.example.org"])(
    "takes %s",
    (address) => {
      expect(networkAddress.read(address)).toEqual({ ok: true, value: address });
    },
  );

  it("takes an IPv6 address in brackets and drops them", () => {
    expect(networkAddress.read("[::1]")).toEqual({ ok: true, value: "::1" });
  });

  it.each(["", "127.0.0.1:80", "300.1.1.1", "1.2.3", "http://x", "a b", "-x", ":8080", 5])(
    "refuses %j",
    (address) => {
      expect(networkAddress.read(address).ok).toBe(false);
    },
  );
});

describe("isLoopback", () => {
  it.each(["127.0.0.1", "127.9.9.9", "::1", "localhost"])("holds for %s", (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each(["0.0.0.0", "::", "10.0.0.1", "127.example.org", "node-1", "::ffff:10.0.0.1"])(
    "does not hold for %s",
    (address) => {
      expect(isLoopback(address)).toBe(false);
    },
  );
});

describe("httpOrigin", () => {
  it("writes IPv6 addresses in brackets", () => {
    expect(httpOrigin("::1", 80)).toBe("http://[::1]:80");
    expect(httpOrigin("127.0.0.1", 80)).toBe("http://127.0.0.1:80");
  });
});
