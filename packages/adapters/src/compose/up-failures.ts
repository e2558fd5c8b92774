import { AgentError, type AgentErrorOptions } from "@persys/core";
import { startFailure } from "../docker/container-start-failure.ts";
import type { DockerClient } from "../docker/docker-client.ts";
import type { DockerEndpoint } from "../docker/docker-endpoint.ts";
import type { SeenProject } from "./project-observation.ts";

/** What it takes to look for a cause. */
export interface UpFailuresContext {
  readonly client: DockerClient;
  readonly endpoint: DockerEndpoint;
}

/** Exit codes that the engine of Docker notes for a program it could not execute, as shells do. */
const codesOfExit: ReadonlyMap<number, "COMMAND_NOT_FOUND" | "PERMISSION_DENIED"> = new Map([
  [127, "COMMAND_NOT_FOUND"],
  [126, "PERMISSION_DENIED"],
]);

/**
 * Why a project did not come up. The command tells it in words alone, which are for people; so the cause is looked for in the containers that
 * were made and not started.
 */
export class UpFailures {
  readonly #to: UpFailuresContext;

  constructor(context: UpFailuresContext) {
    this.#to = context;
  }

  /** The error with the code of its cause, where that is found. */
  async explain(
    error: unknown,
    { containers }: SeenProject,
    signal: AbortSignal,
  ): Promise<unknown> {
    if (!AgentError.hasCode(error, "RUNTIME_ERROR")) return error;
    for (const { report, service } of containers) {
      const { Status, ExitCode } = report.State;
      if (Status !== "created") continue;
      const code = codesOfExit.get(ExitCode);
      const details = { service };
      if (code !== undefined)
        return again(error, code, { retryable: false, fault: "user", details });
      // The status with which the engine answers a start that fails for what is around it.
      const asked = again(error, error.code, { details: { ...details, status: 500 } });
      const found = await startFailure(asked, report.Id, { ...this.#to, signal });
      if (AgentError.is(found) && found.code !== error.code) return found;
    }
    return error;
  }
}

function again(
  { message, cause, retryable }: AgentError,
  code: AgentError["code"],
  options: AgentErrorOptions,
): AgentError {
  return new AgentError(code, message, { retryable, cause, ...options });
}
