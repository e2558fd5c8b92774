import { beforeEach, expect, it } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { FakeMachines } from "./fake-machines.ts";

const { signal } = new AbortController();
const older = "/var/lib/libvirt/qemu/nvram/older_VARS.fd";

describeWithLibvirt("the variables of a machine's firmware", () => {
  let machines: FakeMachines;

  beforeEach(async () => {
    machines = await FakeMachines.open();
    // As an agent has made it that left the place of the variables to libvirt.
    machines.variablesPath = older;
    await machines.replace(machines.revision("r1"));
    machines.variablesPath = "/vm/own.fd";
  });

  async function variables(): Promise<unknown> {
    const { definition, running } = await machines.seen();
    return [definition.variablesPath, running?.variablesPath];
  }

  it("stay where they are through other revisions, and back", async () => {
    await machines.replace(machines.revision("r2", { body: "another disk" }));
    expect(await variables()).toEqual([older, older]);

    await machines.operations().restore(machines.id, signal);
    expect(await variables()).toEqual([older, older]);
    await machines.operations().remove(machines.id, signal);
  });

  it("stay where they are when the definition is set right, and where somebody has removed it", async () => {
    const { outsider, id } = machines;
    await outsider.edit(id);
    await machines.replace(machines.revision("r1"));
    expect(await variables()).toEqual([older, older]);

    await outsider.undefine(id);
    await machines.replace(machines.revision("r1"));
    expect(await variables()).toEqual([older, older]);
    await machines.operations().remove(id, signal);
  });

  it("are its own in a machine that is made", async () => {
    await machines.operations().remove(machines.id, signal);

    await machines.replace(machines.revision("r1"));

    expect(await variables()).toEqual(["/vm/own.fd", "/vm/own.fd"]);
    await machines.operations().remove(machines.id, signal);
  });
});
