import type { Demands, SecretFileDemand, SecretVariableDemand } from "../demands.ts";
import { type RuleDenial, shortened } from "./denial.ts";
import { goesUp, isWithin, normalisedPath } from "./host-path.ts";
import {
  type HostPolicyRules,
  type HostPolicySettingNames,
  standardProtectedPaths,
} from "./host-policy-rules.ts";

/** What the kernel tells of itself and of every process, and its devices: none of it is a file that somebody keeps a secret in. */
const kernelPaths = ["/dev", "/proc", "/sys"] as const;

/** Variables that steer the agent, among them its own secrets. */
const agentVariable = /^(?:PERSYS|OTEL)_/;

const escape = "to mean the text itself, write `literal:` before it";

/** What a node's rules say of the files and variables that a spec refers to. */
export function judgeSecrets(
  { secretFiles = [], secretVariables = [] }: Pick<Demands, "secretFiles" | "secretVariables">,
  rules: HostPolicyRules,
  names: HostPolicySettingNames,
): readonly RuleDenial[] {
  return [
    ...secretFiles.flatMap((it) => judgeFile(it, rules, names) ?? []),
    ...secretVariables.flatMap((it) => judgeVariable(it, rules, names) ?? []),
  ];
}

function judgeFile(
  demand: SecretFileDemand,
  { allowedSecretFiles, protectedPaths }: HostPolicyRules,
  { allowedSecretFiles: setting }: HostPolicySettingNames,
): RuleDenial | undefined {
  const { field, path, written = path, links = [], aliases = [], unresolved } = demand;
  const rule = "secret-file";
  // Folders of the system such as /etc may be named on purpose: a file in them is read for the workload, not given to it.
  const own = protectedPaths.filter((it) => !standardProtectedPaths.includes(it));
  const places = [...new Set([path, written, ...aliases, ...links].map(normalisedPath))];
  const seen = shortened(`file:${written}`);
  const guard = [...kernelPaths, ...own.map(normalisedPath)].find((it) =>
    places.some((place) => isWithin(place, it)),
  );
  if (guard !== undefined)
    return { rule, field, seen, message: `no workload is given what is in ${guard}: ${escape}` };
  if (unresolved !== undefined || goesUp(written)) {
    const why = unresolved ?? "it goes up with `..`";
    return { rule, field, seen, message: `what it leads to cannot be seen (${why}): ${escape}` };
  }
  const real = normalisedPath(path);
  if (allowedSecretFiles.some((it) => isWithin(real, normalisedPath(it)))) return undefined;
  const allowed = allowedSecretFiles.length === 0 ? "no files" : listed(allowedSecretFiles);
  const message = `this node lets workloads refer to ${allowed}: add ${shortened(real)}, or a folder around it, to ${setting} on the node; ${escape}`;
  return { rule, field, seen, message, setting };
}

function judgeVariable(
  { field, name }: SecretVariableDemand,
  { allowedSecretVariables }: HostPolicyRules,
  { allowedSecretVariables: setting }: HostPolicySettingNames,
): RuleDenial | undefined {
  const rule = "secret-variable";
  const seen = shortened(`env:${name}`);
  if (agentVariable.test(name))
    return {
      rule,
      field,
      seen,
      message: `no workload is given the agent's own settings: ${escape}`,
    };
  if (allowedSecretVariables.includes(name)) return undefined;
  const allowed =
    allowedSecretVariables.length === 0 ? "no variables" : listed(allowedSecretVariables);
  const message = `this node lets workloads refer to ${allowed} of the agent's environment: add ${name} to ${setting} on the node; ${escape}`;
  return { rule, field, seen, message, setting };
}

function listed(allowed: readonly string[]): string {
  return `only ${allowed.slice(0, 5).join(", ")}${allowed.length > 5 ? ", …" : ""}`;
}
