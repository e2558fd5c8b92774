import type { WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { EngineContext } from "./engine-context.ts";
import { Slices } from "./slices.ts";

/** Records that are stored in one go. */
const batchMax = 100;
/** Ids that a log line names. */
const namedMax = 20;

/**
 * The stored records with their secrets sealed by the key of now, and stored so: those that earlier releases stored readable, and those of
 * earlier keys. In a state where all is as it should be, nothing is unsealed and nothing is written. What cannot be stored is left for the
 * next start.
 * @throws {AgentError} OWNERSHIP_LOST.
 */
export async function renewSecrets(
  records: readonly WorkloadRecord[],
  { secrets, logger, clock }: Pick<EngineContext, "secrets" | "logger" | "clock">,
  store: StateStore,
): Promise<readonly WorkloadRecord[]> {
  const slices = new Slices(clock);
  const result = [...records];
  const missing = records.filter((it) =>
    [it.wanted, it.fallback, it.next?.wanted].some((of) => of && secrets.isMissingKeys(of)),
  );
  if (missing.length > 0)
    logger.error(
      "the keys of stored secrets are missing: what they belong to runs on, and cannot be started again until they are back",
      { workloads: missing.length, ids: missing.slice(0, namedMax).map(({ id }) => id) },
    );
  let waiting: { readonly at: number; readonly record: WorkloadRecord }[] = [];
  let stored = 0;
  const storeWaiting = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    await store.commit(batch.map(({ record }) => ({ kind: "put-record", record })));
    for (const { at, record } of batch) result[at] = record;
    stored += batch.length;
  };
  try {
    for (const [at, record] of records.entries()) {
      const renewed = secrets.renewed(record);
      if (renewed !== record) waiting.push({ at, record: renewed });
      if (waiting.length === batchMax) await storeWaiting();
      await slices.pause();
    }
    if (waiting.length > 0) await storeWaiting();
  } catch (error) {
    if (!AgentError.is(error) || error.code === "OWNERSHIP_LOST") throw error;
    logger.warn("stored secrets could not be sealed anew; this is tried again at the next start", {
      error,
    });
  }
  if (stored > 0) logger.info("stored secrets were sealed anew", { workloads: stored });
  return result;
}
