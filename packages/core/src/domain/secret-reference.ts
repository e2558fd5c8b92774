/** Where a value is found when it is needed: a file of the host, or a variable of the agent's environment. */
export type SecretReference =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "variable"; readonly name: string };

const file = /^file:(\/[^\0]*)$/s;
const variable = /^env:([A-Za-z_][A-Za-z0-9_]*)$/;
const escape = "literal:";

/**
 * What a value of an environment stands for: `file:` and an absolute path, or `env:` and the name of a variable, for what is found there;
 * `literal:` for whatever comes behind it, as it is written; anything else for itself.
 */
export function secretValueOf(
  value: string,
): SecretReference | { readonly kind: "literal"; readonly text: string } {
  const [, path] = file.exec(value) ?? [];
  if (path !== undefined) return { kind: "file", path };
  const [, name] = variable.exec(value) ?? [];
  if (name !== undefined) return { kind: "variable", name };
  return { kind: "literal", text: value.startsWith(escape) ? value.slice(escape.length) : value };
}
