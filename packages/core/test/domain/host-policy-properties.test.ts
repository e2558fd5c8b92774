import { relative, resolve } from "node:path/posix";
import {
  isWithin,
  judgeDemands,
  normalisedPath,
  parseIpRange,
  safeHostPolicyRules,
  standardProtectedPaths,
} from "@persys/core";
import fc from "fast-check";
import { describe, it } from "vitest";

// A failing property prints its seed and the smallest example.
const runs = { numRuns: 2_000 };

/** Parts from few letters, so that paths are often close to each other. */
const part = fc.oneof(
  fc.constantFrom("a", "b", "ab", "a-b", ".", "..", "...", "", "a.", "A", "\u00e9", "e\u0301"),
  fc.constantFrom("etc", "run", "docker", "docker.sock", "var", "lib", "proc", "self", "root"),
);
const path = fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`);

/** What the platform's own path functions say. */
function isWithinByReference(inner: string, outer: string): boolean {
  const way = relative(resolve(outer), resolve(inner));
  return way === "" || (way !== ".." && !way.startsWith("../"));
}

describe("paths", () => {
  it("are normalised as the platform does it", () => {
    fc.assert(
      fc.property(path, (one) => normalisedPath(one) === resolve(one)),
      runs,
    );
  });

  it("lie within others exactly when the platform's relative path leads down", () => {
    fc.assert(
      fc.property(
        path,
        path,
        (one, other) =>
          isWithin(normalisedPath(one), normalisedPath(other)) === isWithinByReference(one, other),
      ),
      runs,
    );
  });

  it("are never given where they touch what is protected, or lie outside what is allowed", () => {
    fc.assert(
      fc.property(path, path, fc.boolean(), (asked, allowed, readOnly) => {
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
          (it) => isWithinByReference(asked, it) || isWithinByReference(it, asked),
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
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const canonical = new URL(`http://[${address}]/`).hostname;
        const [one, other] = [parseIpRange(address), parseIpRange(canonical)];
        return one !== undefined && one.bits === other?.bits && one.family === other.family;
      }),
      runs,
    );
  });

  it("are read as the platform reads them, or not at all", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const bits = parseIpRange(address)?.bits;
        return bits === address.split(".").reduce((all, it) => all * 256n + BigInt(it), 0n);
      }),
      runs,
    );
  });
});
