import { caseContext, runtimeContract } from "@persys/conformance";
import { it } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { fakeSubject } from "./libvirt-subjects.ts";

/** The long tests try more, and judge all on QEMU. */
const few = { count: 3, length: 10 };

/** The hypervisor in the daemon's memory measures nothing. */
const beyondFake: ReadonlySet<string> = new Set(["RT-100", "RT-101"]);

describeWithLibvirt("LibvirtRuntime with a hypervisor in memory", () => {
  for (const { id, clause, level, title, run } of runtimeContract(() => fakeSubject(few))) {
    if (beyondFake.has(clause)) continue;
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 120_000);
  }
});
