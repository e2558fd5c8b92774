import { stat } from "node:fs/promises";
import { AgentError } from "@persys/core";
import { errnoOf } from "./docker-errors.ts";

/**
 * Why a container cannot have the paths of this host that it mounts: the failure of the first that is not there, or cannot be looked at;
 * undefined where all are. `paths` in the order of the spec's volumes.
 */
export async function hostPathFailure(
  paths: readonly string[],
  cause?: unknown,
): Promise<AgentError | undefined> {
  for (const [at, path] of paths.entries()) {
    try {
      await stat(path);
    } catch (error) {
      return unusable({ path, field: `volumes[${at}].hostPath` }, cause ?? error, errnoOf(error));
    }
  }
  return undefined;
}

function unusable(
  { path, field }: { readonly path: string; readonly field: string },
  cause: unknown,
  errno = "unknown",
): AgentError {
  const message =
    errno === "ENOENT" || errno === "ENOTDIR"
      ? `${path} does not exist on this host: create it, or correct ${field}`
      : `${path} cannot be looked at (${errno}): see to it, or correct ${field}`;
  return new AgentError("STORAGE_ERROR", message, {
    fault: "user",
    retryable: true,
    effect: "none",
    details: { field, errno },
    cause,
  });
}
