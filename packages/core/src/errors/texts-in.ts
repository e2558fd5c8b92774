/** Every text in a value, however deep, those that an error hides from enumeration included. Names of members are no values. */
export function textsIn(value: unknown, seen: Set<object> = new Set()): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value);
  const members: readonly unknown[] = Object.values(value);
  const hidden = value instanceof Error ? [value.message, value.stack, value.cause] : [];
  return [...members, ...hidden].flatMap((it) => textsIn(it, seen));
}
