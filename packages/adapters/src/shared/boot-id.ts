import { readFileSync } from "node:fs";

/** Names this boot of the host: a process of another boot is gone, whatever its pid. @throws the system's error where it has no name */
export function readBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}

let known: string | undefined;

/** As {@link readBootId}, read once; empty where boots have no names. */
export function hostBoot(): string {
  known ??= bootIdOrNone();
  return known;
}

function bootIdOrNone(): string {
  try {
    return readBootId();
  } catch {
    // No Linux: then one boot is taken for the next.
    return "";
  }
}
