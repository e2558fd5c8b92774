import { aRecord, aRevision, anAction, anId } from "@persys/conformance";
import { specDigest } from "@persys/core";
import { describe, expect, it } from "vitest";

describe("the builders", () => {
  it("fill in everything, and take any field instead", () => {
    expect(aRecord()).toMatchObject({ id: "web", desired: "running", generation: 1 });
    expect(aRecord({ id: "api", desired: "stopped" })).toMatchObject({
      id: "api",
      uid: "uid-of-api",
      desired: "stopped",
    });
    expect(anAction({ seq: 7 })).toMatchObject({ seq: 7, workloadId: "web", status: "pending" });
  });

  it("give a revision the digest of its spec", () => {
    const spec = { command: ["true"] };

    expect(aRevision({ spec }).digest).toBe(specDigest(spec));
    expect(aRevision({ spec, digest: "v1:00" }).digest).toBe("v1:00");
  });

  it("refuse an id that is none", () => {
    expect(() => anId("../etc")).toThrow(TypeError);
  });
});
