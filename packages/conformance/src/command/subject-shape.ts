import { UsageError } from "./usage-error.ts";

/**
 * Refuses what a module exports, or its function made, when a member is missing or is something else than a function or an object. `path` is where a nested one
 * is found, such as `runtime.start`.
 * @throws {UsageError} naming every such member.
 */
export function assertMembers(
  made: unknown,
  members: Readonly<Record<string, "function" | "object" | "string">>,
  told: { readonly what: string; readonly hints: readonly string[] },
): void {
  const wrong = Object.entries(members).flatMap(([path, type]) => {
    const found = memberAt(made, path);
    const is = found === null ? "null" : typeof found;
    return is === type ? [] : [`${path} is ${is}, not ${type === "object" ? "an" : "a"} ${type}`];
  });
  if (wrong.length === 0) return;
  throw new UsageError(`${told.what} cannot be used: ${wrong.join("; ")}`, { hints: told.hints });
}

function memberAt(made: unknown, path: string): unknown {
  let at: unknown = made;
  for (const name of path.split(".")) {
    if ((typeof at !== "object" && typeof at !== "function") || at === null) return undefined;
    at = Reflect.get(at, name);
  }
  return at;
}
