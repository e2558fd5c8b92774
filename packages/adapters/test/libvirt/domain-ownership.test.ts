import { workloadId } from "./targets.ts";
import { describe, expect, it } from "vitest";
import {
  type DomainOwnership,
  ownershipElement,
  parseOwnership,
  renderOwnership,
} from "../../src/libvirt/domain-ownership.ts";
import { renderXml } from "../../src/libvirt/xml.ts";

const ownership: DomainOwnership = {
  id: workloadId("web-1"),
  nodeId: 'node <a> & "b"',
  current: {
    uid: "uid",
    revisionId: "r'2\"<",
    specDigest: "digest",
    instance: "i2",
    run: undefined,
    startedAtMs: undefined,
    domainId: undefined,
    boot: undefined,
    graceMs: undefined,
    config: undefined,
    isNew: true,
  },
  kept: {
    uid: "uid",
    revisionId: "r1",
    specDigest: "old",
    instance: "i1",
    run: "i1.1",
    startedAtMs: 1_700_000_000_000,
    domainId: 7,
    boot: "0f3c1b52-9b8e-4a04-9a52-0d9f6a1b2c3d",
    graceMs: 60_000,
    config: "c0ffee",
    isNew: false,
    xml: "<domain>\n  <name>web-1</name>\n</domain>",
  },
  former: {
    uid: "uid",
    revisionId: "r1",
    specDigest: "old",
    instance: "i0",
    run: "i1.1",
    startedAtMs: 1_700_000_000_000,
    domainId: 7,
    boot: "0f3c1b52-9b8e-4a04-9a52-0d9f6a1b2c3d",
    graceMs: 60_000,
    config: "c0ffee",
    isNew: false,
    xml: "<domain>\n  <name>web-1</name>\n</domain>",
  },
};

describe("ownership in a domain's metadata", () => {
  it("is read as it was written, in a definition and by itself", () => {
    expect(parseOwnership(renderXml(ownershipElement(ownership)), ownership.nodeId)).toEqual(
      ownership,
    );
    expect(parseOwnership(renderOwnership(ownership), ownership.nodeId)).toEqual(ownership);
  });

  it("is another's under another node", () => {
    expect(parseOwnership(renderOwnership(ownership), "other")).toBeUndefined();
  });

  it.each(["id", "node", "uid", "revision", "digest", "instance"])(
    "is nobody's of ours without its mark %s",
    (mark) => {
      const words = renderOwnership({ ...ownership, kept: undefined });
      const without = words.replace(new RegExp(` ${mark}="[^"]*"`), "");
      expect(without).not.toBe(words);

      expect(parseOwnership(without, ownership.nodeId)).toBeUndefined();
    },
  );

  it.each(["", "<", "<workload/>", "<domain/>", "text", '<workload id="a/b" node="n"/>'])(
    "is not found in %j",
    (words) => {
      expect(parseOwnership(words, "n")).toBeUndefined();
    },
  );
});
