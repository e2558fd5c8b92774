import type { AgentHealth } from "@persys/core";

/** What was found of each runtime, by type: its version, or why it does not answer. */
export function describeRuntimes({
  runtimes,
  runtimeVersions,
}: Pick<AgentHealth, "runtimes" | "runtimeVersions">): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(runtimes).map(([type, state]) => [
      type,
      state === "healthy" ? (runtimeVersions[type] ?? state) : state,
    ]),
  );
}
