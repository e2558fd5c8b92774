// Run as a process of its own: PATH. Makes another one the owner of the state in the folder, which may be open elsewhere: LMDB has a lock for writers, on
// which a process that has the folder open twice would wait for itself.
import { withRawState } from "./raw-state.ts";

const [, , path = ""] = process.argv;
await withRawState(path, async (database) => {
  await database.put(Buffer.from("store/owner"), Buffer.from("another"));
});
