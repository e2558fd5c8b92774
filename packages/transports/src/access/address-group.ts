/**
 * What is taken for one place on the network: an IPv4 address, or the first half of an IPv6 address, all of which belongs to one network
 * (RFC 4291, section 2.5.4), whose hosts can take any address in it. Empty for an empty one.
 */
export function addressGroup(address: string): string {
  const [bare = ""] = address.toLowerCase().split("%", 1);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!bare.includes(":")) return bare;
  const [head = "", tail] = bare.split("::", 2);
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => "0");
  const groups = tail === undefined ? before : [...before, ...zeros, ...after];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
