import { describe, expect, it } from "vitest";
import { isLoopback, namesLoopback } from "../../src/connect/host-guard.ts";

describe("a host", () => {
  it.each([
    ["localhost"],
    ["LOCALHOST:80"],
    ["127.0.0.1"],
    ["127.0.0.1:50052"],
    ["127.8.9.1"],
    ["[::1]"],
    ["[::1]:80"],
  ])("%s is this machine", (host) => {
    expect(namesLoopback(host)).toBe(true);
  });

  it.each([
    [undefined],
    [""],
    ["evil.example"],
    ["localhost.evil.example"],
    ["127.0.0.1.evil.example"],
    ["10.0.0.1"],
    ["evil:80"],
    ["localhost:80:80"],
  ])("%s is not", (host) => {
    expect(namesLoopback(host)).toBe(false);
  });

  it.each([
    ["127.0.0.1", true],
    ["::1", true],
    ["localhost", true],
    ["0.0.0.0", false],
    ["::", false],
    ["192.168.1.1", false],
  ])("bound to %s is reached from here alone: %s", (address, expected) => {
    expect(isLoopback(address)).toBe(expected);
  });
});
