import { describe, expect, it } from "vitest";
import { guestBoots } from "./guest-console.ts";

describe("guestBoots", () => {
  it("tells what a guest said at each boot, and nothing of what came before", () => {
    const log = [
      "SeaBIOS",
      "guest booted",
      "guest has memory_kb=100 cpus=1 vda=1073741824",
      "guest data vda boots=1 sum=abc",
      "guest seed user-data aGk=",
      "guest ready",
      "hello of user-data",
      "guest address 192.168.122.7",
      "guest has memory_kb=90 cpus=2 vda=1073741824",
      "guest powering off",
      "guest booted",
      "guest data vda boots=2 sum=abc",
      "",
    ].join("\r\n");

    expect(guestBoots(log)).toEqual([
      {
        has: new Map([
          ["memory_kb", 90],
          ["cpus", 2],
          ["vda", 1_073_741_824],
        ]),
        data: new Map([["vda", { boots: 1, sum: "abc" }]]),
        seed: new Map([["user-data", "hi"]]),
        addresses: ["192.168.122.7"],
        isReady: true,
        isPoweringOff: true,
        others: ["hello of user-data"],
      },
      expect.objectContaining({
        data: new Map([["vda", { boots: 2, sum: "abc" }]]),
        isReady: false,
        isPoweringOff: false,
      }),
    ]);
  });
});
