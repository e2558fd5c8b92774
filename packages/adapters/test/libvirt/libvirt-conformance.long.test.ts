import { caseContext, runtimeContract } from "@persys/conformance";
import { it } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { fakeSubject, qemuSubject } from "./libvirt-subjects.ts";

const many = { count: 10, length: 12 };

/** The hypervisor in the daemon's memory measures nothing. */
const beyondFake: ReadonlySet<string> = new Set(["RT-100", "RT-101"]);

describeWithLibvirt("LibvirtRuntime with a hypervisor in memory", () => {
  for (const { id, clause, level, title, run } of runtimeContract(() => fakeSubject(many))) {
    if (beyondFake.has(clause)) continue;
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 300_000);
  }
});

describeWithLibvirt("LibvirtRuntime with QEMU", () => {
  for (const { id, clause, level, title, run } of runtimeContract(qemuSubject)) {
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 600_000);
  }
});
