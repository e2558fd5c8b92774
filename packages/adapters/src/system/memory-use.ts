/**
 * How much of the memory is taken, 0 to 100, from the text of /proc/meminfo (proc(5)): what is not MemAvailable, the kernel's estimate of
 * what new work can have without swapping. Undefined when the text does not say.
 */
export function memoryPercentFrom(meminfo: string): number | undefined {
  const totalKib = field(meminfo, "MemTotal");
  const availableKib = field(meminfo, "MemAvailable");
  if (totalKib === undefined || availableKib === undefined || totalKib === 0) return undefined;
  return Math.min(Math.max((1 - availableKib / totalKib) * 100, 0), 100);
}

function field(meminfo: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1];
  return found === undefined ? undefined : Number(found);
}
