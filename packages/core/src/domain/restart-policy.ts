import { z } from "zod";

/**
 * When the engine starts a workload again whose wanted state is running. The engine is the only authority: no runtime restarts by itself.
 *
 * - `always` (also for a policy left out, and for `unless-stopped`): keep it running, whatever its exit code.
 * - `on-failure`: an exit of 0 completes it; any other end, an unknown one included, is restarted, at most `maxRetries` times since the
 *   last apply or retry (0: without limit).
 * - `no`: at most one start for each generation. An exit of 0 completes it; any other end is a failure that is left.
 */
export type RestartPolicy =
  | { readonly kind: "always" }
  | { readonly kind: "on-failure"; readonly maxRetries: number }
  | { readonly kind: "no" };

/** The names a spec may give its policy; the empty name is that of a policy left out. */
export const restartPolicyNames = ["", "always", "unless-stopped", "on-failure", "no"] as const;

/** The policy for a name and count as a spec gives them. `maxRetries` counts only for `on-failure`. */
export function restartPolicy(
  name: (typeof restartPolicyNames)[number],
  maxRetries: number,
): RestartPolicy {
  if (name === "on-failure") return { kind: "on-failure", maxRetries };
  return name === "no" ? { kind: "no" } : { kind: "always" };
}

/** Whether an exit of 0 is the wanted end under this policy rather than something to restart. */
export function completesOnExitZero(policy: RestartPolicy): boolean {
  return policy.kind !== "always";
}

/** A restart policy as a spec gives it. */
export interface RestartPolicySpec {
  /** Empty or left out: `always`. */
  readonly policy?: (typeof restartPolicyNames)[number] | undefined;
  /** Counts for `on-failure`; 0: without limit. */
  readonly maxRetryCount?: number | undefined;
}

/** The schema of {@link RestartPolicySpec}. */
export const restartPolicySchema: z.ZodType<RestartPolicySpec> = z.strictObject({
  policy: z.enum(restartPolicyNames).optional(),
  maxRetryCount: z.int().min(0).max(1_000_000).optional(),
});
