import {
  AgentError,
  type Json,
  type SecretSealer,
  sealSpec,
  type Target,
  unsealSpec,
} from "@persys/core";
import { redactEnv } from "../shared/redact-env.ts";
import type { InstanceMeta } from "./instance-meta.ts";

/** The part of a description that says what the instance was made from. */
type MetaSpec = Pick<InstanceMeta, "format" | "spec" | "sealed">;

/** The target's spec as a description has it: its secrets sealed, where there is a sealer. */
export function metaSpecOf(target: Target, sealer: SecretSealer | undefined): MetaSpec {
  const { spec } = target;
  if (sealer === undefined) return { format: 1, spec };
  const sealed = sealSpec(spec, redactEnv(spec), { sealer, owner: target });
  return { format: sealed.sealed === undefined ? 1 : 2, ...sealed };
}

/**
 * The spec that an instance was made from.
 * @throws {AgentError} SECRET_UNAVAILABLE.
 */
export function specOfMeta(meta: InstanceMeta, sealer: SecretSealer | undefined): Json {
  const { spec, sealed } = meta;
  if (sealed === undefined) return spec;
  if (sealer !== undefined) return unsealSpec({ spec, sealed }, { sealer, owner: meta });
  throw new AgentError(
    "SECRET_UNAVAILABLE",
    "the secrets of this process were sealed when it was made, and this agent has no keys",
    { retryable: true, effect: "none" },
  );
}
