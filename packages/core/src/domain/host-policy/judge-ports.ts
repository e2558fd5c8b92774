import type { PortDemand } from "../demands.ts";
import { type RuleDenial, shortened } from "./denial.ts";
import {
  type HostPolicyRules,
  type HostPolicySettingNames,
  type PortRange,
  unprivilegedPorts,
} from "./host-policy-rules.ts";
import { holdsRange, isUnspecified, parseIpRange } from "./ip-range.ts";

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
function wantedRanges(hostIp: string): readonly string[] {
  const parsed = parseIpRange(hostIp);
  if (hostIp === "") return ["0.0.0.0/0", "::/0"];
  if (parsed === undefined || !isUnspecified(parsed)) return [hostIp];
  return [parsed.family === 4 ? "0.0.0.0/0" : "::/0"];
}

function isHeld(wanted: string, allowed: readonly string[]): boolean {
  const inner = parseIpRange(wanted);
  return allowed.some((it) => {
    const outer = parseIpRange(it);
    return outer !== undefined && inner !== undefined && holdsRange(outer, inner);
  });
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
