import { statSync } from "node:fs";
import { ContainerModule } from "inversify";
import { exitCodes } from "../exit-codes.ts";
import { StartFailure } from "../start-failure.ts";
import { tokens } from "./tokens.ts";

/** The state of this node in LMDB. */
export const storeModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.store)
    .toResolvedValue(
      async ({ config, nodeId }, logger) => {
        refuseFile(config.statePath);
        // Imported when it is made: the addon takes a while, and not every way to run needs it.
        const { LmdbStateStore } = await import("@persys/adapters/lmdb");
        return new LmdbStateStore({ path: config.statePath, nodeId, logger });
      },
      [tokens.settings, tokens.logger],
    )
    .inSingletonScope();
});

/** Existing agents keep their state in one file, under a setting of the same name; it is neither read nor touched. */
function refuseFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  throw new StartFailure(
    exitCodes.storeUnusable,
    `the state path ${path} is a file, such as the database of another agent, and has to be a folder; choose another one with PERSYS_STATE_PATH`,
  );
}
