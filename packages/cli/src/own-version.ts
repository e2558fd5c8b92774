import { readFileSync } from "node:fs";

/** The version in the package's own description. */
export function ownVersion(): string {
  const description: unknown = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  const found =
    typeof description === "object" && description !== null && "version" in description
      ? description.version
      : undefined;
  return typeof found === "string" ? found : "unknown";
}
