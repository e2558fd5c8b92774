import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Logger } from "@persys/core";

/** What watching needs. */
export interface WatchFilesOptions {
  readonly clock: Pick<Clock, "schedule">;
  readonly logger: Logger;
  /** Called some time after a change, and every minute. The files may be as they were. */
  readonly onChange: () => void;
}

/** Files are often written one after the other: so long after a change the others are awaited, in milliseconds. */
const gatherMs = 200;
/** Some file systems tell of no changes: the files are looked at so often at least, in milliseconds. */
const lookMs = 60_000;

/** Watches files, by their folders, because files are mostly replaced and not written. The function returned ends it; it may be called again. */
export function watchFiles(paths: readonly string[], options: WatchFilesOptions): () => void {
  const { clock, logger, onChange } = options;
  const watchers: FSWatcher[] = [];
  let cancelGather = (): void => {};
  let cancelLook = (): void => {};
  const gather = (): void => {
    cancelGather();
    cancelGather = clock.schedule(gatherMs, onChange);
  };
  const lookLater = (): void => {
    cancelLook = clock.schedule(lookMs, () => {
      lookLater();
      onChange();
    });
  };
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    const complain = (error: unknown): void =>
      logger.warn("changes in a folder are noticed late: it cannot be watched", { folder, error });
    try {
      watchers.push(watch(folder, { persistent: false }, gather).on("error", complain));
    } catch (error) {
      complain(error);
    }
  }
  lookLater();
  return () => {
    for (const watcher of watchers.splice(0)) watcher.close();
    cancelGather();
    cancelLook();
  };
}
