import { caseContext, runtimeContract } from "@persys/conformance";
import { it } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { fakeSubject, qemuSubject } from "./libvirt-subjects.ts";

/** The long tests try more. */
const few = { count: 3, length: 10 };

/** The hypervisor in the daemon's memory measures nothing. */
const beyondFake: ReadonlySet<string> = new Set(["RT-100", "RT-101"]);

describeWithLibvirt("LibvirtRuntime with a hypervisor in memory", () => {
  for (const { id, clause, level, title, run } of runtimeContract(() => fakeSubject(few))) {
    if (beyondFake.has(clause)) continue;
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 120_000);
  }
});

/** What the hypervisor in memory cannot show, and what real machines are most unlike it in; the long tests judge all clauses. */
const clauses: ReadonlySet<string> = new Set([
  "RT-032",
  "RT-038",
  "RT-044",
  "RT-060",
  "RT-070",
  "RT-080",
  "RT-100",
  "RT-101",
  "RT-113",
]);

describeWithLibvirt("LibvirtRuntime with QEMU", () => {
  for (const { id, clause, level, title, run } of runtimeContract(qemuSubject)) {
    if (!clauses.has(clause)) continue;
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 180_000);
  }
});
