import type { RuntimeSubject, RuntimeSubjectSpecs } from "@persys/conformance";
import { fake } from "./fake-hypervisor.ts";
import { libvirtSubject } from "./libvirt-subject.ts";

/** The least that a kernel would fit in; nothing is in them. */
const least = { vcpus: 1, memoryMb: 32 } as const;

const specs: RuntimeSubjectSpecs = {
  longRunning: (variant) => ({ ...least, name: variant }),
  secretive: (secret) => ({ ...least, cloudInit: `#cloud-config\npassword: ${secret}\n` }),
  failsToPrepare: () => ({ ...least, disks: [{ path: "/nowhere/image.iso", format: "iso" }] }),
};

/** How many sequences of calls are tried, and of how many calls each. */
type Sequences = NonNullable<RuntimeSubject["sequences"]>;

/** Some revisions differ in what a running machine can be given, others in what it has to be started for. */
const variants: ReadonlyMap<string, object> = new Map([
  ["2", { vnc: { password: "another" } }],
  ["3", { memoryMb: 24 }],
]);

/** Machines in the memory of libvirt's daemon. Each ends at once when it is asked to. */
export function fakeSubject(sequences: Sequences): Promise<RuntimeSubject> {
  return libvirtSubject({
    name: "test:///default",
    hypervisor: fake,
    specs: {
      ...specs,
      longRunning: (name) => ({ ...least, name, ...variants.get(name.at(-1) ?? "") }),
    },
    more: { gracefulExitCode: 0, patienceMs: 30_000, sequences },
  });
}

/** Machines of QEMU without anything to boot from: their firmware runs, and does not heed the power button. */
export function qemuSubject(): Promise<RuntimeSubject> {
  return libvirtSubject({
    name: "qemu:///system",
    specs: {
      ...specs,
      ignoresStop: () => least,
      // It can be defined, and only the start finds out that there is no such bridge.
      failsToStart: () => ({ ...least, networks: [{ network: "nobridge0" }] }),
    },
    more: { patienceMs: 60_000, windDownMs: 3_000, sequences: { count: 2, length: 8 } },
  });
}
