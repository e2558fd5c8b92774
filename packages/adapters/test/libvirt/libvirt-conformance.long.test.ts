import { caseContext, runtimeContract } from "@persys/conformance";
import { it } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { qemuSubject } from "./libvirt-subjects.ts";

describeWithLibvirt("LibvirtRuntime with QEMU", () => {
  for (const { id, clause, level, title, run } of runtimeContract(qemuSubject)) {
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 600_000);
  }
});
