import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { NodeFacts } from "./derive-node-id.ts";

/** The facts of this machine. */
export function readNodeFacts(): NodeFacts {
  return {
    hostName: hostname(),
    machineId: readMachineId("/etc/machine-id"),
    hardwareAddress: firstHardwareAddress(networkInterfaces()),
  };
}

/** What the file says; undefined where there is no such file or it may not be read. */
export function readMachineId(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // Without this file there is another way to a node id, so why it cannot be read makes no difference.
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

/** The hardware address of the first interface that is no loopback; the system lists only those that are up. */
export function firstHardwareAddress(
  interfaces: ReturnType<typeof networkInterfaces>,
): string | undefined {
  return Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .find((address) => !address.internal && address.mac !== "00:00:00:00:00:00")?.mac;
}
