import type { Action } from "../domain/action.ts";
import type { LiveView } from "../domain/derive-status.ts";
import type { UsageSnapshot } from "../domain/usage-snapshot.ts";
import type { LaneProgress } from "./lane-progress.ts";
import type { Sight } from "./sight.ts";

/** What a status tells besides the record. */
export interface LiveParts {
  readonly sight: Sight;
  readonly progress: LaneProgress;
  /** The history entry of the request being worked on. */
  readonly action: Action | undefined;
  readonly usage: UsageSnapshot | undefined;
}

/** The parts as a status is derived from them. */
export function liveView({ sight, progress, action, usage }: LiveParts): LiveView {
  const { unreadable, confirmedAtMs } = sight;
  const { sentence } = progress;
  const task = action && { task_id: action.taskId, task_status: action.status };
  return {
    confirmedAtMs,
    ...(unreadable === undefined ? {} : { unreadable }),
    ...(sentence === undefined ? {} : { progress: sentence }),
    ...(task === undefined ? {} : { task }),
    ...(usage === undefined ? {} : { usage }),
  };
}
