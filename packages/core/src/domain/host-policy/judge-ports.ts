import type { PortDemand } from "../demands.ts";
import { type RuleDenial, shortened } from "./denial.ts";
import {
  type HostPolicyRules,
  type HostPolicySettingNames,
  type PortRange,
  unprivilegedPorts,
} from "./host-policy-rules.ts";
import { holdsRange, type IpRange, isUnspecified, parseIpRange } from "./ip-range.ts";

/** What a node's rules say of the ports that a spec publishes. */
export function judgePorts(
  demands: readonly PortDemand[],
  rules: HostPolicyRules,
  names: HostPolicySettingNames,
): readonly RuleDenial[] {
  return demands.flatMap((demand) => [
    ...judgeAddress(demand, rules, names),
    ...judgePort(demand, rules, names),
  ]);
}

function judgeAddress(
  { hostIp, field }: PortDemand,
  { publishedAddresses: allowed }: HostPolicyRules,
  { publishedAddresses: setting }: HostPolicySettingNames,
): readonly RuleDenial[] {
  if (allowed === "any" || wantedRanges(hostIp).every((it) => isHeld(it, allowed))) return [];
  const shown = allowed.length === 0 ? "no address" : allowed.slice(0, 5).join(", ");
  const what = hostIp === "" ? "without an address it listens on all of them" : "it listens there";
  const message = `${what}, and ports are published on ${shown}: name one of those, or add to ${setting} on the node`;
  const seen = hostIp === "" ? "all addresses" : shortened(hostIp);
  return [{ rule: "published-address", field, seen, message, setting }];
}

/** The addresses listened on, as networks. One that is not understood is held by nothing. */
function wantedRanges(hostIp: string): readonly (IpRange | undefined)[] {
  return hostIp === "" ? [listenedOn("0.0.0.0"), listenedOn("::")] : [listenedOn(hostIp)];
}

function isHeld(wanted: IpRange | undefined, allowed: readonly string[]): boolean {
  return allowed.some((it) => {
    const outer = listenedOn(it);
    return outer !== undefined && wanted !== undefined && holdsRange(outer, wanted);
  });
}

/** What a program listens on that is told an address: 0.0.0.0 and `::` are all addresses of their kind. */
function listenedOn(address: string): IpRange | undefined {
  const range = parseIpRange(address);
  return range !== undefined && isUnspecified(range) ? { ...range, prefixBits: 0 } : range;
}

function judgePort(
  { hostPort, protocol, field }: PortDemand,
  { publishedPorts: allowed }: HostPolicyRules,
  { publishedPorts: setting }: HostPolicySettingNames,
): readonly RuleDenial[] {
  const { first, last } = unprivilegedPorts;
  // Which one the runtime picks is not known beforehand, and the host may let it pick any of these.
  const wanted = hostPort === 0 ? unprivilegedPorts : { first: hostPort, last: hostPort };
  if (covers(allowed, wanted)) return [];
  const shown = allowed.length === 0 ? "none" : allowed.slice(0, 5).map(rangeText).join(", ");
  const message =
    hostPort === 0
      ? `a port that the runtime picks may be any from ${first} to ${last}, and those published here are ${shown}: name one, or add to ${setting} on the node`
      : `the ports published here are ${shown}: name one of those, or add to ${setting} on the node`;
  const seen = hostPort === 0 ? "any free port" : `${hostPort}/${protocol || "tcp"}`;
  return [{ rule: "published-port", field, seen: shortened(seen), message, setting }];
}

/** Whether ranges together hold every port of another one. */
function covers(ranges: readonly PortRange[], { first, last }: PortRange): boolean {
  let next = first;
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    if (range.first > next) break;
    next = Math.max(next, range.last + 1);
  }
  return next > last;
}

function rangeText({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}
