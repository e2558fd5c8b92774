import type { WorkloadId } from "@persys/core";
import type { DomainCalls } from "./domain-calls.ts";
import type { Domain } from "./rpc/index.ts";

/** More disks than that no machine has. */
const errorsMax = 64;

/** `virDomainDiskErrorCode` of libvirt. */
const words: ReadonlyMap<number, string> = new Map([
  [1, "unspecified"],
  [2, "no space left"],
]);

/** Which disks of a machine that runs or is paused fail, and how: `vda: no space left`. Empty where libvirt knows of none. */
export async function diskErrorsOf(
  calls: DomainCalls,
  { id, dom }: { readonly id: WorkloadId; readonly dom: Domain },
  signal: AbortSignal,
): Promise<string> {
  const args = { dom, maxerrors: errorsMax, flags: 0 };
  const { errors } = await calls.call(id, "domainGetDiskErrors", { args, signal });
  return errors.map(({ disk, error }) => `${disk}: ${words.get(error) ?? error}`).join(", ");
}
