import type { SecretReference } from "../domain/secret-reference.ts";

/** Finds what references in specs stand for. Runtimes ask it right before they make or start something, and keep the answer nowhere. */
export interface SecretSource {
  /**
   * What the reference stands for now: well-formed text that can be a value of an environment.
   * @throws {AgentError} SECRET_UNAVAILABLE, retryable, when it is not there or is no such text; POLICY_DENIED when this node does not give it.
   *   Effect none. The message names the reference and nothing of what it stands for.
   */
  read(reference: SecretReference, signal: AbortSignal): Promise<string>;
}
