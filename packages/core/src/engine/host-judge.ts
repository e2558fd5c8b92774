import { policyDenied } from "../domain/host-policy/policy-denied.ts";
import type { Json } from "../domain/json.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { HostPolicySource } from "../ports/host-policy.ts";
import type { Logger } from "../ports/logger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { TargetName, WorkloadRuntime } from "../ports/workload-runtime.ts";

/** How long an apply waits for what its spec asks of the host; what is not known by then is judged before the start. */
const applyWaitMs = 5_000;

/** Whether all that a spec asks of the host could be found out. */
export type Judged = "judged" | "unknown";

/** A spec, and the revision that it is of; undefined where it is none yet. */
export interface JudgedSpec {
  readonly spec: Json;
  readonly of?: TargetName;
}

/** What a judge works with. */
export interface HostJudgeContext {
  readonly policy: HostPolicySource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

/** Holds what specs ask of the host against the node's policy. */
export class HostJudge {
  readonly #context: HostJudgeContext;

  constructor(context: HostJudgeContext) {
    this.#context = context;
  }

  /**
   * Judges a spec that is about to be made or started.
   * @throws {AgentError} POLICY_DENIED with every denial; what `demands` throws, since what is not known is not allowed. Nothing was done.
   */
  async judge(
    runtime: WorkloadRuntime,
    { spec, of }: JudgedSpec,
    signal: AbortSignal,
  ): Promise<void> {
    let demands: Awaited<ReturnType<WorkloadRuntime["demands"]>>;
    try {
      demands = await runtime.demands(spec, signal, of);
    } catch (error) {
      throw untouched(AgentError.from(error));
    }
    // Whoever was called off meanwhile is not to begin on the strength of this.
    signal.throwIfAborted();
    const denials = this.#context.policy.current().judge(demands, runtime.type);
    if (denials.length === 0) return;
    const { telemetry } = this.#context;
    for (const { rule } of denials) telemetry.count("policy_denied_total", { rule });
    throw policyDenied(denials);
  }

  /**
   * Judges a spec that is applied. Resolves with whether all that it asks for is known: what could not be found out now, in a few seconds, is
   * no reason to refuse what the node may well give; it is judged before anything is made of it.
   * @throws {AgentError} POLICY_DENIED; INVALID_SPEC where the runtime has found that it can never take the spec; LIMIT_EXCEEDED where too many
   *   are looked at already: who sends on would make it worse.
   */
  async judgeApplied(runtime: WorkloadRuntime, spec: Json): Promise<Judged> {
    const { clock, logger } = this.#context;
    const controller = new AbortController();
    let stop = (): void => {};
    const tooLong = new Promise<Judged>((resolve) => {
      stop = clock.schedule(applyWaitMs, () => {
        controller.abort(new AgentError("TIMEOUT", "what the spec asks of the host took too long"));
        resolve("unknown");
      });
    });
    const judged = this.judge(runtime, { spec }, controller.signal).then(
      (): Judged => "judged",
      (error: unknown): Judged => {
        if (isAnswer(error)) throw error;
        // Not the error itself: what a runtime says of a spec may quote its secrets.
        logger.warn(
          "what a spec asks of the host is not known yet; it is judged before its start",
          { type: runtime.type, code: AgentError.from(error).code },
        );
        return "unknown";
      },
    );
    try {
      return await Promise.race([judged, tooLong]);
    } finally {
      stop();
    }
  }
}

/** Whether it is for the caller to know: denied, turned away, or nothing that a later look can find to be any better. */
function isAnswer(error: unknown): boolean {
  if (AgentError.hasCode(error, "INVALID_SPEC")) return error.fault === "user" && !error.retryable;
  return AgentError.hasCode(error, "POLICY_DENIED") || AgentError.hasCode(error, "LIMIT_EXCEEDED");
}

/** A look has changed nothing, whoever threw. */
function untouched(error: AgentError): AgentError {
  if (error.effect === "none") return error;
  const { fault, retryable, details, violations, retryAfterMs } = error;
  return new AgentError(error.code, error.message, {
    fault,
    retryable,
    details,
    violations,
    effect: "none",
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
