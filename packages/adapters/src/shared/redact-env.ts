import type { Json } from "@persys/core";

/** `spec` with every value of its `env` replaced by `<redacted>`; the names stay. */
export function redactEnv(spec: Json): Json {
  if (!isObject(spec) || !isObject(spec["env"])) return spec;
  const names = Object.keys(spec["env"]);
  return { ...spec, env: Object.fromEntries(names.map((it) => [it, "<redacted>"])) };
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
