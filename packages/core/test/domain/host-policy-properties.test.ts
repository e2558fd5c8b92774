import { relative, resolve } from "node:path/posix";
import {
  isWithin,
  judgeDemands,
  normalisedPath,
  parseIpRange,
  safeHostPolicyRules,
  standardProtectedPaths,
} from "@persys/core";
import { array, assert, boolean, constantFrom, ipV4, ipV6, oneof, property } from "fast-check";
import { describe, it } from "vitest";

// A failing property prints its seed and the smallest example.
const runs = { numRuns: 2_000 };

/** Parts from few letters, so that paths are often close to each other. */
const part = oneof(
  constantFrom("a", "b", "ab", "a-b", ".", "..", "...", "", "a.", "A", "\u00e9", "e\u0301"),
  constantFrom("etc", "run", "docker", "docker.sock", "var", "lib", "proc", "self", "root"),
);
const path = array(part, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`);

/** What the platform's own path functions say. */
function isWithinByReference(inner: string, outer: string): boolean {
  const way = relative(resolve(outer), resolve(inner));
  return way === "" || (way !== ".." && !way.startsWith("../"));
}

describe("paths", () => {
  it("are normalised as the platform does it", () => {
    assert(
      property(path, (one) => normalisedPath(one) === resolve(one)),
      runs,
    );
  });

  it("lie within others exactly when the platform's relative path leads down", () => {
    assert(
      property(
        path,
        path,
        (one, other) =>
          isWithin(normalisedPath(one), normalisedPath(other)) === isWithinByReference(one, other),
      ),
      runs,
    );
  });

  it("are never given where they touch what is protected, or lie outside what is allowed", () => {
    assert(
      property(path, path, boolean(), (asked, allowed, readOnly) => {
        const denials = judgeDemands(
          {
            cpuMillicores: 0,
            memoryBytes: 0,
            user: "",
            hostPaths: [{ path: asked, field: "volumes[0].hostPath", readOnly: true }],
          },
          { ...safeHostPolicyRules, allowedHostPaths: [{ path: allowed, readOnly }] },
        );
        const touches = standardProtectedPaths.some(
          (guard) => isWithinByReference(asked, guard) || isWithinByReference(guard, asked),
        );
        const goesUp = asked.split("/").includes("..");
        const isGiven = isWithinByReference(asked, allowed) && !touches && !goesUp;
        return (denials.length === 0) === isGiven;
      }),
      runs,
    );
  });
});

describe("addresses", () => {
  it("are the same however an IPv6 address is written", () => {
    assert(
      property(ipV6(), (address) => {
        const canonical = new URL(`http://[${address}]/`).hostname;
        const [one, other] = [parseIpRange(address), parseIpRange(canonical)];
        return one !== undefined && one.bits === other?.bits && one.family === other.family;
      }),
      runs,
    );
  });

  it("are read as the platform reads them, or not at all", () => {
    assert(
      property(ipV4(), (address) => {
        const bits = parseIpRange(address)?.bits;
        return bits === address.split(".").reduce((all, byte) => all * 256n + BigInt(byte), 0n);
      }),
      runs,
    );
  });
});
