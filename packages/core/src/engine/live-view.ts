import type { Action } from "../domain/action.ts";
import type { LiveView } from "../domain/derive-status.ts";
import type { LaneProgress } from "./lane-progress.ts";
import type { Sight } from "./sight.ts";

/** What a status tells besides the record: `action` is the history entry of the request being worked on. */
export function liveView(sight: Sight, progress: LaneProgress, action?: Action): LiveView {
  const { unreadable, confirmedAtMs } = sight;
  const { sentence } = progress;
  const task = action && { task_id: action.taskId, task_status: action.status };
  return {
    confirmedAtMs,
    ...(unreadable === undefined ? {} : { unreadable }),
    ...(sentence === undefined ? {} : { progress: sentence }),
    ...(task === undefined ? {} : { task }),
  };
}
