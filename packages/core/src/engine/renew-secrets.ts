import type { WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { EngineContext } from "./engine-context.ts";
import { Slices } from "./slices.ts";
import type { SpecSecrets } from "./spec-secrets.ts";

/** Records that are stored in one go. */
const batchMax = 100;
/** Ids that a log line names. */
const namedMax = 20;

/** What renewing takes. `policy` bounds how long one commit is waited for. */
export interface RenewContext {
  readonly secrets: SpecSecrets;
  readonly logger: EngineContext["logger"];
  readonly clock: EngineContext["clock"];
  readonly policy: Pick<EngineContext["policy"], "commitTimeoutMs">;
  readonly store: Pick<StateStore, "commit">;
  readonly signal: AbortSignal;
}

/**
 * The stored records with their secrets sealed by the key of now, and stored so: those that earlier releases stored readable, and those of
 * earlier keys. In a state where all is as it should be, nothing is unsealed and nothing is written. What cannot be stored is returned sealed
 * all the same, so that whoever writes the record next writes it so, and is tried again at the next start; after one commit that failed no
 * other is tried.
 * @throws {AgentError} OWNERSHIP_LOST.
 * @throws the signal's reason.
 */
export async function renewSecrets(
  records: readonly WorkloadRecord[],
  context: RenewContext,
): Promise<readonly WorkloadRecord[]> {
  const { secrets, logger, clock } = context;
  const slices = new Slices(clock);
  const storing = new Storing(context);
  const missing: string[] = [];
  const result: WorkloadRecord[] = [];
  for (const record of records) {
    if (isMissingKeys(record, secrets)) missing.push(record.id);
    const renewed = renewedOf(record, context);
    result.push(renewed);
    if (renewed !== record) await storing.add(renewed);
    await slices.pause();
  }
  await storing.end();
  if (missing.length > 0)
    logger.error(
      "the keys of stored secrets are missing: what they belong to runs on, and cannot be started again until they are back",
      { workloads: missing.length, ids: missing.slice(0, namedMax) },
    );
  return result;
}

function isMissingKeys({ wanted, fallback, next }: WorkloadRecord, secrets: SpecSecrets): boolean {
  return [wanted, fallback, next?.wanted].some((of) => of && secrets.isMissingKeys(of));
}

/** One record that cannot be renewed keeps no other from it. */
function renewedOf(record: WorkloadRecord, { secrets, logger }: RenewContext): WorkloadRecord {
  try {
    return secrets.renewed(record);
  } catch (error) {
    if (!AgentError.is(error)) throw error;
    // Not the error itself: what a runtime says of a spec may quote its secrets.
    logger.warn("stored secrets could not be sealed anew; this is tried again at the next start", {
      id: record.id,
      code: error.code,
    });
    return record;
  }
}

/** Stores renewed records, many at a time, until a commit fails. */
class Storing {
  readonly #context: RenewContext;
  #waiting: WorkloadRecord[] = [];
  #stored = 0;
  #hasFailed = false;

  constructor(context: RenewContext) {
    this.#context = context;
  }

  async add(record: WorkloadRecord): Promise<void> {
    if (this.#hasFailed) return;
    this.#waiting.push(record);
    if (this.#waiting.length === batchMax) await this.#store();
  }

  async end(): Promise<void> {
    if (this.#waiting.length > 0) await this.#store();
    if (this.#stored > 0)
      this.#context.logger.info("stored secrets were sealed anew", { workloads: this.#stored });
  }

  async #store(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    const { store, logger, signal } = this.#context;
    signal.throwIfAborted();
    try {
      await this.#bounded(
        store.commit(batch.map((record) => ({ kind: "put-record", record }) as const)),
      );
      this.#stored += batch.length;
    } catch (error) {
      if (!AgentError.is(error) || error.code === "OWNERSHIP_LOST" || signal.aborted) throw error;
      this.#hasFailed = true;
      logger.warn(
        "records with secrets that were sealed anew could not be stored; this is tried again at the next start",
        { error },
      );
    }
  }

  /** A commit that is waited for no longer may still take effect, before any later one of the same record: stores keep that order. */
  async #bounded(commit: Promise<void>): Promise<void> {
    const { clock, policy, signal } = this.#context;
    const timeoutMs = policy.commitTimeoutMs;
    let end = (): void => {};
    const limit = new Promise<never>((_, reject) => {
      const abort = (): void => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      const stop = clock.schedule(timeoutMs, () =>
        reject(
          new AgentError(
            "STORE_UNAVAILABLE",
            `the state store has not answered within ${timeoutMs} ms`,
            { retryable: true, effect: "unknown" },
          ),
        ),
      );
      end = (): void => {
        stop();
        signal.removeEventListener("abort", abort);
      };
    });
    try {
      await Promise.race([commit, limit]);
    } finally {
      end();
    }
  }
}
