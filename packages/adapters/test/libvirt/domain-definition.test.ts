import { describe, expect, it } from "vitest";
import { parseDefinition } from "../../src/libvirt/domain-definition.ts";
import { marksFor, ownershipElement } from "../../src/libvirt/domain-ownership.ts";
import { element, renderXml, type XmlElement } from "../../src/libvirt/xml.ts";
import { aTarget } from "./targets.ts";

const { id } = aTarget();
const ownership = {
  id,
  nodeId: "node",
  current: marksFor(aTarget(), "i1"),
  kept: undefined,
  former: undefined,
};

function domain(...more: readonly XmlElement[]): string {
  return renderXml(
    element("domain", { type: "qemu" }, [
      element("name", {}, "vm-1"),
      ...more,
      element("devices", {}, [
        element("disk", { type: "file" }, [
          element("source", { file: "/images/a & b" }),
          element("target", { dev: "vda" }),
        ]),
        element("disk", { type: "block" }, [element("target", { dev: "vdb" })]),
        element("interface", { type: "network" }, [
          element("mac", { address: "52:54:00:AB:00:01" }),
          element("source", { network: "lan" }),
        ]),
        element("interface", { type: "bridge" }, [
          element("mac", { address: "52:54:00:00:00:02" }),
          element("source", { bridge: "br0" }),
        ]),
        element("serial", { type: "pty" }, [element("log", { file: "/vm/console.log" })]),
      ]),
    ]),
  );
}

describe("parseDefinition", () => {
  it("reads whose a machine is, and what it stands on", () => {
    const xml = domain(element("metadata", {}, [ownershipElement(ownership)]));

    expect(parseDefinition(xml, "node")).toMatchObject({
      ownership,
      disks: [{ device: "vda", kind: "disk", path: "/images/a & b" }],
      interfaces: [
        { mac: "52:54:00:ab:00:01", network: "lan" },
        { mac: "52:54:00:00:00:02", network: undefined },
      ],
      consoleLog: "/vm/console.log",
    });
    expect(parseDefinition(xml, "another")?.ownership).toBeUndefined();
  });

  it.each([
    [undefined, []],
    [undefined, [element("nvram")]],
    ["/vm/a & b.fd", [element("nvram", { template: "/usr/VARS.fd" }, "/vm/a & b.fd")]],
    ["/vm/b.fd", [element("nvram", { type: "file" }, [element("source", { file: "/vm/b.fd" })])]],
  ])("finds the variables of its firmware in %s", (path, nvram) => {
    expect(parseDefinition(domain(element("os", {}, nvram)), "node")?.variablesPath).toBe(path);
  });

  it("tells definitions apart by what the machine is made of, and by nothing else", () => {
    const digestOf = (xml: string) => parseDefinition(xml, "node")?.digest;
    const plain = digestOf(domain());

    expect(digestOf(domain(element("metadata", {}, [ownershipElement(ownership)])))).toBe(plain);
    expect(digestOf(domain(element("title", {}, "mine")))).toBe(plain);
    expect(digestOf(domain().replaceAll("  ", "\t"))).toBe(plain);
    expect(digestOf(domain(element("vcpu", {}, "2")))).not.toBe(plain);
  });

  it.each(["", "<", "words", "<network/>"])("takes %j for no definition at all", (xml) => {
    expect(parseDefinition(xml, "node")).toBeUndefined();
  });
});
