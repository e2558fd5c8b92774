import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { describeWithLibvirt, sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import {
  type DomainOwnership,
  marksFor,
  ownershipElement,
  ownershipNamespace,
  ownershipPrefix,
  parseOwnership,
  renderOwnership,
} from "../../src/libvirt/domain-ownership.ts";
import { sizeIn } from "../../src/libvirt/domain-size.ts";
import { machineOf } from "../../src/libvirt/machine.ts";
import { machineXml } from "../../src/libvirt/machine-xml.ts";
import {
  domainDefineFlags,
  domainMetadataType,
  domainModificationImpact,
  domainUndefineFlags,
  domainXmlFlags,
  LibvirtClient,
  parseLibvirtUri,
} from "../../src/libvirt/rpc/index.ts";
import type { VmSpec } from "../../src/libvirt/vm-spec.ts";
import { childOf, parseXml } from "../../src/libvirt/xml.ts";
import { aTarget, workloadId } from "./targets.ts";

const options = { signal: new AbortController().signal };

/** Defines a machine, checked against libvirt's own schema, for as long as the test lasts. */
async function defined(
  spec: VmSpec,
  seedPath?: string,
): Promise<{
  readonly client: LibvirtClient;
  readonly ownership: DomainOwnership;
  readonly dom: { readonly name: string; readonly uuid: string; readonly id: number };
}> {
  const endpoint = parseLibvirtUri(sharedLibvirtUri(), {});
  if (endpoint === undefined) throw new Error("no URI");
  const client = new LibvirtClient(endpoint);
  onTestFinished(() => client.close());
  const id = workloadId(`xml-${randomUUID()}`);
  const target = aTarget({ id, revisionId: `r"1' <&>` });
  const machine = machineOf(target, spec, {
    nodeId: "node",
    architecture: "x86_64",
    accelerator: "tcg",
    diskFolder: "/tmp",
    pools: new Map(),
    consoleLog: `/tmp/${id}.log`,
    variablesPath: `/tmp/${id}.fd`,
    seedPath,
    networks: new Set(["default"]),
  });
  const ownership: DomainOwnership = {
    id,
    nodeId: "node",
    current: marksFor(target, "instance-1"),
    kept: undefined,
    former: undefined,
  };
  const xml = machineXml(machine, ownershipElement(ownership));
  const { dom } = await client.call(
    "domainDefineXmlFlags",
    { xml, flags: domainDefineFlags.validate },
    options,
  );
  onTestFinished(() =>
    client.call("domainUndefineFlags", { dom, flags: domainUndefineFlags.nvram }, options),
  );
  return { client, ownership, dom };
}

describeWithLibvirt("the description of a machine", () => {
  it.each([
    ["with every default", { vcpus: 1, memoryMb: 64, disks: [{}] }],
    [
      "with all that can be said",
      {
        name: `a "title" <&> 'ü'`,
        vcpus: 3,
        maxVcpus: 8,
        memoryMb: 96,
        maxMemoryMb: 256,
        disks: [
          { format: "raw", boot: true },
          { device: "sdc", path: `/tmp/a,b "c"&.qcow2` },
          { format: "iso", path: "/usr/lib/ipxe/ipxe.iso" },
          { format: "raw", path: "/dev/disk/by-id/of-the-host" },
        ],
        networks: [{}, { network: "br0" }, { macAddress: "52:54:00:00:00:01" }],
        vnc: { password: "s3cret&" },
      },
    ],
  ] as const)("%s is as libvirt wants it", async (_, spec: VmSpec) => {
    const { client, dom } = await defined(spec, "/tmp/seed.iso");

    const flags = domainXmlFlags.inactive + domainXmlFlags.secure;
    const { xml } = await client.call("domainGetXmlDesc", { dom, flags }, options);

    const root = parseXml(xml);
    if (root === undefined) throw new Error("no description");
    expect(childOf(root, "name")?.text).toBe(dom.name);
    expect(childOf(root, "uuid")?.text).toBe(dom.uuid);
    expect(childOf(root, "title")?.text).toBe(spec.name);
    const devices = childOf(root, "devices")?.children ?? [];
    const disks = devices.filter((one) => one.name === "disk");
    expect(disks).toHaveLength((spec.disks ?? []).length + 1);
    expect(sizeIn(root)).toEqual({
      vcpus: spec.vcpus,
      vcpusMax: spec.maxVcpus ?? spec.vcpus,
      memoryKib: spec.memoryMb * 1_024,
      memoryMaxKib: (spec.maxMemoryMb ?? spec.memoryMb) * 1_024,
    });
    const graphics = devices.filter((one) => one.name === "graphics");
    expect(graphics.map((one) => one.attributes.get("passwd"))).toEqual(
      spec.vnc === undefined ? [] : [spec.vnc.password],
    );
    expect(graphics.map((one) => one.attributes.get("listen"))).toEqual(
      spec.vnc === undefined ? [] : ["127.0.0.1"],
    );
  });

  it("carries its marks from its definition on, and they are changed by themselves", async () => {
    const { client, dom, ownership } = await defined({ vcpus: 1, memoryMb: 64 });
    const where = { dom, type: domainMetadataType.element, uri: ownershipNamespace };

    const first = await client.call(
      "domainGetMetadata",
      { ...where, flags: domainModificationImpact.config },
      options,
    );

    expect(parseOwnership(first.metadata, "node")).toEqual(ownership);
    const marks = ownership.current ?? marksFor(aTarget(), "none");
    const changed: DomainOwnership = {
      ...ownership,
      current: { ...marks, run: "run-1", startedAtMs: 1 },
      kept: { ...marks, xml: `<domain>\n  <a b="c"/>\n</domain>\n` },
    };
    await client.call(
      "domainSetMetadata",
      {
        dom,
        type: domainMetadataType.element,
        metadata: renderOwnership(changed),
        key: ownershipPrefix,
        uri: ownershipNamespace,
        flags: domainModificationImpact.config,
      },
      options,
    );
    const second = await client.call(
      "domainGetMetadata",
      { ...where, flags: domainModificationImpact.config },
      options,
    );
    expect(parseOwnership(second.metadata, "node")).toEqual(changed);
  });
});
