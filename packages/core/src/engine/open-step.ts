import { canonicalJson } from "../domain/canonical-json.ts";
import type { Json } from "../domain/json.ts";
import { secretValueOf } from "../domain/secret-reference.ts";
import { secretsIn } from "../domain/spec-secrets.ts";
import type { RuntimeStep } from "../domain/step.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import { SecretTexts } from "../errors/secret-texts.ts";
import { errorWithoutSecrets } from "../errors/without-secrets.ts";
import type { WorkloadRuntime } from "../ports/workload-runtime.ts";
import { revisionOfStep } from "./perform-step.ts";
import type { SpecSecrets } from "./spec-secrets.ts";

/** What a step works with while it is under way: the spec with its secrets, and the care that none of them is said on. */
export class OpenStep {
  /** Undefined for steps that only end things. */
  readonly spec: Json | undefined;
  readonly #runtime: Pick<WorkloadRuntime, "redactSpec">;
  #secretTexts: SecretTexts | undefined;

  /** @throws {AgentError} SECRET_UNAVAILABLE. */
  constructor(
    runtime: Pick<WorkloadRuntime, "redactSpec">,
    planned: { readonly record: WorkloadRecord; readonly step: RuntimeStep },
    secrets: SpecSecrets,
  ) {
    const revision = revisionOfStep(planned.record, planned.step);
    this.#runtime = runtime;
    this.spec = revision && secrets.open(revision, planned.record);
  }

  /** A sentence of the runtime's, without the secrets of the spec. */
  sentence(text: string): string {
    return this.#secrets().cleaned(text);
  }

  /** What the runtime threw, without the secrets of the spec, whatever it quotes. */
  error(error: unknown): AgentError {
    return errorWithoutSecrets(AgentError.from(error), this.#secrets());
  }

  #secrets(): SecretTexts {
    this.#secretTexts ??= this.#findSecrets();
    return this.#secretTexts;
  }

  #findSecrets(): SecretTexts {
    if (this.spec === undefined) return new SecretTexts([]);
    const redacted = this.#runtime.redactSpec(this.spec);
    const values = secretsIn(this.spec, redacted).flatMap(({ value }) => said(value));
    return new SecretTexts(values, () => canonicalJson(redacted));
  }
}

/** What must not be said of a value: not where a reference leads, which a person has to know; of an escaped text also what it stands for. */
function said(value: Json): readonly Json[] {
  if (typeof value !== "string") return [value];
  const meant = secretValueOf(value);
  return meant.kind === "literal" ? [value, meant.text] : [];
}
