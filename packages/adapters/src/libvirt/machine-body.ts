import { createHash } from "node:crypto";
import type { Machine } from "./machine.ts";
import { seedFilesOf, wantsSeed } from "./seed-files.ts";
import type { VmSpec } from "./vm-spec.ts";

/** What a machine is described by. */
interface BodyContext {
  readonly spec: VmSpec;
  /** Where its seed is, if it has one: each revision has its own, which may say the same. */
  readonly seedPath: string;
  readonly describe: (machine: Machine) => string;
}

/**
 * A digest of all that a machine has to be started anew for to have another: the same for two that differ in their processors and memory alone, or in names
 * for people and where they write to. What is secret of them goes into it: it is nobody else's to see.
 */
export function machineBody(machine: Machine, { spec, seedPath, describe }: BodyContext): string {
  const description = describe({
    ...machine,
    title: undefined,
    vcpus: 1,
    maxVcpus: undefined,
    memoryMb: 1,
    maxMemoryMb: 1,
    consoleLog: "console",
    disks: machine.disks.map((it) => (it.path === seedPath ? { ...it, path: "seed" } : it)),
  });
  const seed = wantsSeed(spec) ? [...seedFilesOf(spec, machine)] : [];
  const sizes = (spec.disks ?? []).map((it) => it.sizeGb ?? 0);
  const text = JSON.stringify([description, machine.vncPassword, seed, sizes]);
  return createHash("sha256").update(text).digest("hex");
}
