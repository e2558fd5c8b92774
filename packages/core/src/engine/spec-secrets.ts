import { canonicalJson } from "../domain/canonical-json.ts";
import type { Json } from "../domain/json.ts";
import { type SpecDigest, specDigest } from "../domain/spec-digest.ts";
import type { Revision, WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import { type SecretSealer, sealSpec, unsealSpec } from "../ports/secret-sealer.ts";
import type { WorkloadRuntime } from "../ports/workload-runtime.ts";

/** Digests under a key: `v2.KEY:` and 64 hex digits. */
const keyedDigest = /^v2\.([A-Za-z0-9]+):/;

/** What it takes to say which parts of a spec are secret; undefined where there is no such runtime. */
type RuntimeOf = (type: string) => Pick<WorkloadRuntime, "redactSpec"> | undefined;

/**
 * Keeps secrets out of records: a revision is sealed when it is accepted and stays so, in memory and in the store, until a step needs what
 * it says. Without a sealer specs stay as they are.
 */
export class SpecSecrets {
  readonly #sealer: SecretSealer | undefined;
  readonly #runtimeOf: RuntimeOf;

  constructor(sealer: SecretSealer | undefined, runtimeOf: RuntimeOf) {
    this.#sealer = sealer;
    this.#runtimeOf = runtimeOf;
  }

  /**
   * The digest of a spec as it was sent. With a sealer it takes the key to make or check one, so that nobody who is shown it can try out
   * what a short secret might be. With `like`, by the algorithm and the key of that one; undefined when that key is not there.
   */
  digestOf(spec: Json, like?: SpecDigest): SpecDigest | undefined {
    const sealer = this.#sealer;
    const likeKey = like === undefined ? undefined : keyedDigest.exec(like)?.[1];
    if (like !== undefined && likeKey === undefined) return specDigest(spec, like);
    const keyId = likeKey ?? sealer?.keyId;
    if (keyId === undefined) return specDigest(spec);
    const digest = sealer?.digest(canonicalJson(spec), keyId);
    return digest === undefined ? undefined : `v2.${keyId}:${digest}`;
  }

  /** The record with every revision sealed that has secrets and is not; itself where there is nothing to seal. */
  sealed(record: WorkloadRecord): WorkloadRecord {
    return this.#mapped(record, (revision, owner) =>
      revision.sealed === undefined ? this.#seal(revision, owner) : revision,
    );
  }

  /**
   * As {@link sealed}; besides, what was sealed with an earlier key is sealed with the one of now. What takes a key that is not there, or was
   * altered, is left as it is.
   */
  renewed(record: WorkloadRecord): WorkloadRecord {
    return this.#mapped(record, (revision, owner) => {
      if (revision.sealed === undefined) return this.#seal(revision, owner);
      const isOld = revision.sealed.some(({ sealed }) => this.#sealer?.keyOf(sealed) === "earlier");
      return isOld && !this.isMissingKeys(revision) ? this.#sealedAgain(revision, owner) : revision;
    });
  }

  /** Whether some of its secrets take a key that is not there. */
  isMissingKeys({ sealed = [] }: Revision): boolean {
    return sealed.some((it) => (this.#sealer?.keyOf(it.sealed) ?? "missing") === "missing");
  }

  /**
   * The spec of a revision with its secrets.
   * @throws {AgentError} SECRET_UNAVAILABLE.
   */
  open(revision: Revision, { id, uid }: { readonly id: string; readonly uid: string }): Json {
    if (revision.sealed === undefined) return revision.spec;
    if (this.#sealer === undefined) throw noSealer();
    const owner = { id, uid, revisionId: revision.revisionId };
    return unsealSpec(revision, { sealer: this.#sealer, owner });
  }

  #mapped(record: WorkloadRecord, change: Change): WorkloadRecord {
    if (this.#sealer === undefined) return record;
    const { id, type, uid, fallback, next } = record;
    const owner = { id, type, uid };
    const wanted = change(record.wanted, owner);
    const keeps = fallback && change(fallback, owner);
    const waits = next && change(next.wanted, { id, type: next.type, uid: next.uid });
    if (wanted === record.wanted && keeps === fallback && waits === next?.wanted) return record;
    return {
      ...record,
      wanted,
      ...(keeps === undefined ? {} : { fallback: keeps }),
      ...(next === undefined || waits === undefined ? {} : { next: { ...next, wanted: waits } }),
    };
  }

  #seal(revision: Revision, { id, type, uid }: Owner): Revision {
    const runtime = this.#runtimeOf(type);
    if (this.#sealer === undefined || runtime === undefined) return revision;
    const { spec, revisionId } = revision;
    const by = { sealer: this.#sealer, owner: { id, uid, revisionId } };
    const sealed = sealSpec(spec, runtime.redactSpec(spec), by);
    return sealed.sealed === undefined ? revision : { ...revision, ...sealed };
  }

  #sealedAgain(revision: Revision, owner: Owner): Revision {
    try {
      const { sealed: _, ...rest } = { ...revision, spec: this.open(revision, owner) };
      const again = this.#seal(rest, owner);
      // Without its runtime it cannot be told what of it is secret.
      return again.sealed === undefined ? revision : again;
    } catch (error) {
      if (AgentError.hasCode(error, "SECRET_UNAVAILABLE")) return revision;
      throw error;
    }
  }
}

interface Owner {
  readonly id: string;
  readonly type: string;
  readonly uid: string;
}

type Change = (revision: Revision, owner: Owner) => Revision;

function noSealer(): AgentError {
  return new AgentError(
    "SECRET_UNAVAILABLE",
    "the secrets of this workload were sealed before they were stored, and this agent has no keys",
    { retryable: true, effect: "none" },
  );
}
