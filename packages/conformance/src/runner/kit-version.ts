import { readFileSync } from "node:fs";

/** The version of this package, from its own description. */
export function kitVersion(): string {
  const description: unknown = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  const found =
    typeof description === "object" && description !== null && "version" in description
      ? description.version
      : undefined;
  return typeof found === "string" ? found : "unknown";
}
