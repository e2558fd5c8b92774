import type { Action, WorkloadId, Write } from "@persys/core";
import { describe, expect, it } from "vitest";
import { ActionLog } from "../../src/engine/action-log.ts";

const bounds = { actionsMax: 2, actionsMaxAgeMs: 1_000_000 };
const running: Action = {
  seq: 1,
  taskId: "apply-web-1",
  workloadId: "web" as WorkloadId,
  type: "apply_workload",
  status: "running",
  generation: 1,
  revisionId: "r1",
  error: "",
  caller: "test",
  createdAtMs: 1,
  startedAtMs: 2,
  endedAtMs: 0,
};
const put: readonly Write[] = [{ kind: "put-action", action: { ...running, endedAtMs: 3 } }];
const drop: readonly Write[] = [{ kind: "delete-actions", seqs: [1] }];

function logOfOne(): ActionLog {
  return new ActionLog(bounds, [running]);
}

describe("the history in memory, of batches that are heard of in another order than they take effect in,", () => {
  it("keeps an entry that was dropped and then stored once more, as the store does", () => {
    const log = logOfOne();
    const [dropping, putting] = [log.handOver(), log.handOver()];

    log.publish(put, putting);
    log.letGo(putting);
    log.publish(drop, dropping);
    log.letGo(dropping);

    expect(log.get(1)?.endedAtMs).toBe(3);
  });

  it("drops an entry that was stored and then dropped, as the store does", () => {
    const log = logOfOne();
    const [putting, dropping] = [log.handOver(), log.handOver()];

    log.publish(drop, dropping);
    log.letGo(dropping);
    log.publish(put, putting);
    log.letGo(putting);

    expect(log.get(1)).toBeUndefined();
  });

  it("takes a batch that failed for one that has touched nothing", () => {
    const log = logOfOne();
    const [dropping, putting] = [log.handOver(), log.handOver()];

    log.letGo(putting);
    log.publish(drop, dropping);
    log.letGo(dropping);

    expect(log.get(1)).toBeUndefined();
  });
});
