import type { HostPathDemand } from "../demands.ts";
import { type RuleDenial, shortened } from "./denial.ts";
import { goesUp, isWithin, normalisedPath } from "./host-path.ts";
import type {
  AllowedHostPath,
  HostPolicyRules,
  HostPolicySettingNames,
} from "./host-policy-rules.ts";

/** What a node's rules say of the paths that a spec mounts: at most one denial for each. */
export function judgeHostPaths(
  demands: readonly HostPathDemand[],
  rules: HostPolicyRules,
  names: HostPolicySettingNames,
): readonly RuleDenial[] {
  return demands
    .filter(({ use = "mount" }) => use === "mount")
    .flatMap((demand) => judgeOne(demand, rules, names) ?? []);
}

type Verdict = Pick<RuleDenial, "rule" | "message" | "setting">;

function judgeOne(
  demand: HostPathDemand,
  rules: HostPolicyRules,
  names: HostPolicySettingNames,
): RuleDenial | undefined {
  const verdict =
    protectedVerdict(demand, rules) ??
    unresolvedVerdict(demand) ??
    allowedVerdict(demand, rules, names);
  if (verdict === undefined) return undefined;
  const { path, written = path } = demand;
  const seen = written === path ? path : `${written} (which is ${path})`;
  return { ...verdict, field: demand.field, seen: shortened(seen) };
}

/** Every path by which what is asked for is known counts, and every link on the way to it. */
function protectedVerdict(
  { path, written = path, links = [], aliases = [] }: HostPathDemand,
  { protectedPaths }: HostPolicyRules,
): Verdict | undefined {
  const names = [...new Set([path, written, ...aliases].map(normalisedPath))];
  const guarded = protectedPaths.map(normalisedPath);
  for (const guard of guarded) {
    if (names.some((it) => isWithin(it, guard)) || links.some((it) => isWithin(it, guard))) {
      const message = `${guard} is the host's or the agent's own, and no workload gets it or anything in it: mount a copy of what is needed from elsewhere`;
      return { rule: "host-path-protected", message };
    }
  }
  const within = guarded.filter((guard) => names.some((it) => isWithin(guard, it)));
  const [first] = within;
  if (first === undefined) return undefined;
  const more = within.length === 1 ? "" : ` and ${within.length - 1} more`;
  const message = `it holds ${first}${more}, which no workload gets: mount the folder in it that is needed`;
  return { rule: "host-path-protected", message };
}

function unresolvedVerdict({
  path,
  written = path,
  unresolved,
}: HostPathDemand): Verdict | undefined {
  if (unresolved !== undefined) {
    const message = `what it leads to cannot be seen (${unresolved}): let the agent's account pass the folders before it, or name another path`;
    return { rule: "host-path-unresolved", message };
  }
  if (!goesUp(written)) return undefined;
  const message =
    "it goes up with `..`, which engines and the kernel read differently: write it without";
  return { rule: "host-path-unresolved", message };
}

function allowedVerdict(
  { path, readOnly, elsewhere = false }: HostPathDemand,
  { allowedHostPaths, allowRemoteHostPaths }: HostPolicyRules,
  { allowedHostPaths: setting, allowRemoteHostPaths: remoteSetting }: HostPolicySettingNames,
): Verdict | undefined {
  if (elsewhere && !allowRemoteHostPaths) {
    const message = `it is a path of the engine's machine, where the agent cannot follow links: set ${remoteSetting} on the node to judge such paths by their letters alone`;
    return { rule: "host-path-elsewhere", message, setting: remoteSetting };
  }
  const real = normalisedPath(path);
  const around = closest(allowedHostPaths, real);
  if (around === undefined) {
    const allowed = listed(allowedHostPaths);
    const message = `this node allows ${allowed}: add ${shortened(real)}, or a folder around it, to ${setting} on the node`;
    return { rule: "host-path", message, setting };
  }
  if (readOnly) return undefined;
  const fixed = around.readOnly ? around : readOnlyWithin(allowedHostPaths, real);
  if (fixed === undefined) return undefined;
  const where = fixed === around ? `${fixed.path} is` : `${fixed.path} in it is`;
  const message = `${where} for reading only: mount it read-only, or allow it for writing in ${setting} on the node`;
  return { rule: "host-path-read-only", message, setting };
}

function closest(allowed: readonly AllowedHostPath[], path: string): AllowedHostPath | undefined {
  const around = allowed.filter((it) => isWithin(path, normalisedPath(it.path)));
  // Where one path is named twice the narrower entry counts.
  return around.toSorted(
    (a, b) =>
      normalisedPath(b.path).length - normalisedPath(a.path).length ||
      Number(b.readOnly) - Number(a.readOnly),
  )[0];
}

/** A folder in `path` that is for reading only would be written through it. */
function readOnlyWithin(
  allowed: readonly AllowedHostPath[],
  path: string,
): AllowedHostPath | undefined {
  return allowed.find((it) => it.readOnly && isWithin(normalisedPath(it.path), path));
}

function listed(allowed: readonly AllowedHostPath[]): string {
  if (allowed.length === 0) return "no host paths";
  const shown = allowed
    .slice(0, 5)
    .map(({ path, readOnly }) => (readOnly ? `${path} (read-only)` : path));
  return `only ${shown.join(", ")}${allowed.length > shown.length ? ", …" : ""}`;
}
