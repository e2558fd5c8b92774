/** What a caller may do, from least to most; each role may also do what the ones before it may. */
export const roles = ["viewer", "operator", "admin"] as const;

/** One of {@link roles}. */
export type Role = (typeof roles)[number];

/** Which workloads a caller has to do with. What is left out does not narrow; every label has to be there with its value. */
export interface WorkloadScope {
  /** Ids, any one of which fits; `*` stands for any run of characters. */
  readonly ids?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** A caller that is known, and what it may do. */
export interface Principal {
  /** Names it in the history and in logs. */
  readonly identity: string;
  readonly role: Role;
  /** Left out: all workloads. */
  readonly workloads?: WorkloadScope;
}

/** Whether `role` may do what needs `needed`. */
export function isAtLeast(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** Whether a workload with this id may belong to the scope, whatever its labels are. */
export function mayHaveId({ ids }: WorkloadScope, id: string): boolean {
  return ids?.some((pattern) => fits(pattern, id)) ?? true;
}

/** Whether the scope's labels are among these. */
export function hasLabels(
  { labels = {} }: WorkloadScope,
  of: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(labels).every(
    ([name, value]) => Object.hasOwn(of, name) && of[name] === value,
  );
}

/** Whether `text` is what `pattern` says, `*` standing for any run of characters. Takes time in proportion to their lengths, not more. */
function fits(pattern: string, text: string): boolean {
  const [head = "", ...parts] = pattern.split("*");
  const tail = parts.pop();
  if (tail === undefined) return text === pattern;
  if (!text.startsWith(head) || !text.endsWith(tail)) return false;
  let at = head.length;
  const end = text.length - tail.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= end;
}
