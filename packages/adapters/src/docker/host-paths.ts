import { stat } from "node:fs/promises";
import { AgentError } from "@persys/core";
import { errnoOf } from "./docker-errors.ts";

/**
 * Why a container cannot have the paths of this host that it mounts: the failure of the first that is not there; undefined where none is
 * known to be missing. `paths` in the order of the spec's volumes.
 */
export async function hostPathFailure(
  paths: readonly string[],
  cause?: unknown,
): Promise<AgentError | undefined> {
  for (const [at, path] of paths.entries()) {
    try {
      await stat(path);
    } catch (error) {
      // What only the engine's user may look at, the engine finds out.
      if (!isMissing(error)) continue;
      const field = `volumes[${at}].hostPath`;
      const message = `${path} does not exist on this host: create it, or correct ${field}`;
      return new AgentError("STORAGE_ERROR", message, {
        fault: "user",
        retryable: true,
        effect: "none",
        details: { field },
        cause: cause ?? error,
      });
    }
  }
  return undefined;
}

function isMissing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOENT" || errno === "ENOTDIR";
}
