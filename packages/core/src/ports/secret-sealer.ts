import type { Json } from "../domain/json.ts";
import {
  type SealedSecret,
  secretsIn,
  type SpecPath,
  withSecrets,
} from "../domain/spec-secrets.ts";

/** Which key something was sealed with: the one that seals now, an earlier one, or one that is not there. */
export type SealingKey = "current" | "earlier" | "missing";

/**
 * Keeps the secrets of specs unreadable while they are stored. Used when a revision is accepted and when a step needs its secrets; nothing
 * that is shown is ever unsealed.
 */
export interface SecretSealer {
  /**
   * `text`, unreadable and unalterable without the key, for this place alone. Equal texts never look alike. ASCII without white space that
   * also tells which key it takes.
   */
  seal(text: string, place: string): string;

  /**
   * What was sealed for this place.
   * @throws {AgentError} SECRET_UNAVAILABLE, retryable, effect none: its key is not there, or it was altered or moved from another place.
   */
  unseal(sealed: string, place: string): string;

  /** Which key `sealed` takes. */
  keyOf(sealed: string): SealingKey;

  /** The key that seals now: letters and digits. */
  readonly keyId: string;

  /**
   * A digest of `text` that nobody can work out or check without the key: 64 hex digits. Undefined when there is no key of this id.
   */
  digest(text: string, keyId: string): string | undefined;
}

/** Whose spec it is. What is sealed for one cannot be unsealed for another. */
export interface SecretOwner {
  readonly id: string;
  readonly uid: string;
  readonly revisionId: string;
}

/** A spec as it may be stored: without its secrets, and these by themselves. */
export interface SealedSpec {
  readonly spec: Json;
  /** Left out where the spec has no secrets. */
  readonly sealed?: readonly SealedSecret[];
}

/** Takes the secrets out of a spec and seals each. `redacted` is what its runtime shows of it. */
export function sealSpec(
  spec: Json,
  redacted: Json,
  by: { readonly sealer: SecretSealer; readonly owner: SecretOwner },
): SealedSpec {
  const secrets = secretsIn(spec, redacted);
  if (secrets.length === 0) return { spec };
  const sealed = secrets.map(({ path, value }) => ({
    path,
    sealed: by.sealer.seal(JSON.stringify(value), placeOf(by.owner, path)),
  }));
  return { spec: redacted, sealed };
}

/**
 * The spec as it was before {@link sealSpec}.
 * @throws {AgentError} SECRET_UNAVAILABLE.
 */
export function unsealSpec(
  { spec, sealed = [] }: SealedSpec,
  by: { readonly sealer: SecretSealer; readonly owner: SecretOwner },
): Json {
  const secrets = sealed.map(({ path, sealed: text }) => ({
    path,
    value: JSON.parse(by.sealer.unseal(text, placeOf(by.owner, path))) as Json,
  }));
  return withSecrets(spec, secrets);
}

/** No two places read alike. */
function placeOf({ id, uid, revisionId }: SecretOwner, path: SpecPath): string {
  return JSON.stringify([id, uid, revisionId, path]);
}
