/** Addresses that have their first `prefixBits` bits in common. IPv4 addresses are told apart from IPv6 ones; mapped ones count as IPv4. */
export interface IpRange {
  readonly family: 4 | 6;
  /** 32 or 128 bits. */
  readonly bits: bigint;
  readonly prefixBits: number;
}

const widths = { 4: 32, 6: 128 } as const;

/** `::ffff:0:0/96`: IPv4 addresses as IPv6 has them (RFC 4291, 2.5.5.2). */
const mappedPrefix = 0xffffn;

/** `64:ff9b::/96`. */
const translatedPrefix = 0x64_ff9b_0000_0000_0000_0000n;

/** An address (`10.0.0.1`, `::1`, with or without brackets) or a network (`10.0.0.0/8`); undefined for anything else. */
export function parseIpRange(text: string): IpRange | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  if (rest.length > 0) return undefined;
  const parsed = parseAddress(address);
  if (parsed === undefined) return undefined;
  const { family, bits } = parsed;
  const width = widths[family];
  if (prefix === undefined) return unmapped({ family, bits, prefixBits: width });
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > width) return undefined;
  return unmapped({ family, bits, prefixBits: Number(prefix) });
}

/** Whether every address of `inner` is one of `outer`. */
export function holdsRange(outer: IpRange, inner: IpRange): boolean {
  if (outer.family !== inner.family || outer.prefixBits > inner.prefixBits) return false;
  const shift = BigInt(widths[outer.family] - outer.prefixBits);
  return outer.bits >> shift === inner.bits >> shift;
}

/** The address 0.0.0.0 or `::`, on which a program listens at all addresses of that family. */
export function isUnspecified({ family, bits, prefixBits }: IpRange): boolean {
  return bits === 0n && prefixBits === widths[family];
}

/**
 * The IPv4 address that one of IPv6 leads to where such are translated or tunnelled: by NAT64 (`64:ff9b::/96`, RFC 6052, 2.1), by 6to4
 * (`2002::/16`, RFC 3056, 2), or as those that have been given up (`::/96`, RFC 4291, 2.5.5.1). Undefined: it leads to none.
 */
export function carriedAddress({ family, bits, prefixBits }: IpRange): IpRange | undefined {
  if (family === 4 || prefixBits !== widths[6]) return undefined;
  const of4 = (it: bigint): IpRange => ({ family: 4, bits: it & 0xffff_ffffn, prefixBits: 32 });
  if (bits >> 112n === 0x2002n) return of4(bits >> 80n);
  const prefix = bits >> 32n;
  return prefix === 0n || prefix === translatedPrefix ? of4(bits) : undefined;
}

function unmapped(range: IpRange): IpRange {
  const { family, bits, prefixBits } = range;
  if (family === 4 || prefixBits < 96 || bits >> 32n !== mappedPrefix) return range;
  return { family: 4, bits: bits & 0xffff_ffffn, prefixBits: prefixBits - 96 };
}

function parseAddress(text: string): Pick<IpRange, "family" | "bits"> | undefined {
  const bare = /^\[.*\]$/.test(text) ? text.slice(1, -1) : text;
  const bits = bare.includes(":") ? parseIpv6(bare) : parseIpv4(bare);
  return bits === undefined ? undefined : { family: bare.includes(":") ? 6 : 4, bits };
}

/** Four decimal numbers. No leading zeros: some programs read those as octal. */
function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  const isValid = parts.length === 4 && parts.every((it) => /^(?:0|[1-9]\d{0,2})$/.test(it));
  if (!isValid || parts.some((it) => Number(it) > 255)) return undefined;
  return parts.reduce((bits, it) => (bits << 8n) | BigInt(it), 0n);
}

/** Eight groups of hex digits, a run of zero ones as `::`, the last two perhaps as an IPv4 address. */
function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = [groupsOf(halves[0]), groupsOf(halves[1])];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0n), ...tail];
  return groups.reduce((bits, it) => (bits << 16n) | it, 0n);
}

function groupsOf(text: string | undefined): readonly bigint[] | undefined {
  if (text === undefined || text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    if (part.includes(".") && at === parts.length - 1) {
      const bits = parseIpv4(part);
      if (bits === undefined) return undefined;
      groups.push(bits >> 16n, bits & 0xffffn);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}
