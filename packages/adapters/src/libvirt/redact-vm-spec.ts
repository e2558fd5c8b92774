import type { Json } from "@persys/core";

/** `spec` with every value that may be a secret replaced by `<redacted>`: all that cloud-init is given, password hashes, the screen's password. */
export function redactVmSpec(spec: Json): Json {
  return redacted(spec, []);
}

/** Whether what is at a place of a spec, or in it, may be a secret. All that cloud-init is given may hold passwords and keys, wherever in it. */
export function isVmSecret([member, inner]: readonly (string | number)[]): boolean {
  if (member === "cloudInit") return true;
  if (member === "cloudInitConfig") return inner !== undefined;
  if (member === "credentials") return inner === "passwordHash";
  return member === "vnc" && inner === "password";
}

function redacted(value: Json, path: readonly (string | number)[]): Json {
  if (isVmSecret(path)) return "<redacted>";
  if (isList(value)) return value.map((it, at) => redacted(it, [...path, at]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, it]) =>
      it === undefined ? [] : [[key, redacted(it, [...path, key])]],
    ),
  );
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
