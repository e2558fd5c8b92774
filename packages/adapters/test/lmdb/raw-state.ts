import { open, type RootDatabase } from "lmdb";

/** The stored bytes of a state folder, as anyone with LMDB can change them. Not to be used while a store of this process is open. */
export async function withRawState<T>(
  path: string,
  use: (database: RootDatabase<Uint8Array, Buffer>) => T | Promise<T>,
): Promise<T> {
  const database = open<Uint8Array, Buffer>({
    path,
    noSubdir: false,
    overlappingSync: false,
    encoding: "binary",
    keyEncoding: "binary",
  });
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}
