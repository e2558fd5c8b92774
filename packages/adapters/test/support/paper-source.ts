import { AgentError, type SecretReference, type SecretSource } from "@persys/core";

/** A source of secrets that a test writes: `file:/x` and `env:X` stand for what is under `/x` and `X`. */
export class PaperSource implements SecretSource {
  readonly values: Map<string, string> = new Map();

  read(reference: SecretReference): Promise<string> {
    const key = reference.kind === "file" ? reference.path : reference.name;
    const value = this.values.get(key);
    return value === undefined
      ? Promise.reject(
          new AgentError("SECRET_UNAVAILABLE", `${key} is not there`, {
            retryable: true,
            effect: "none",
          }),
        )
      : Promise.resolve(value);
  }
}
