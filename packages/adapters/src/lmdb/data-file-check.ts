import { type FileHandle, open } from "node:fs/promises";
import { damagedData, isMissing } from "./lmdb-errors.ts";

/** Facts of LMDB's meta page (MDB_page_header, MDB_meta in mdb.c): byte offsets in each of the first two pages. */
const meta = { flags: 18, magic: 24, pageBytes: 48, lastPage: 144, txn: 152, end: 160 };
const metaFlag = 0x08;
const metaMagic = 0xbeefc0de;

/** What was found of a data file that can be opened. */
export interface DataFileCheck {
  /** Bytes by which the file was lengthened, 0 normally. */
  readonly paddedBytes: number;
}

/**
 * Looks at LMDB's data file before LMDB does. LMDB maps the file and trusts it: a page that its header counts but the file lacks would end
 * the process with SIGBUS. So a file that is too short is lengthened with zeros, which read as damage of single entries. (A sound file can
 * be short, too, when its last pages were freed before they were ever written; the zeros do no harm then.)
 * @throws {AgentError} STORE_UNAVAILABLE when the headers are damaged; the file is left as it is.
 */
export async function checkDataFile(file: string, folder: string): Promise<DataFileCheck> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r+");
  } catch (error) {
    if (isMissing(error)) return { paddedBytes: 0 };
    throw error;
  }
  try {
    const { size } = await handle.stat();
    if (size === 0) return { paddedBytes: 0 };
    const neededBytes = await neededBytesOf(handle, folder);
    if (size >= neededBytes) return { paddedBytes: 0 };
    await handle.truncate(neededBytes);
    return { paddedBytes: neededBytes - size };
  } finally {
    await handle.close();
  }
}

async function neededBytesOf(handle: FileHandle, folder: string): Promise<number> {
  const first = await readMeta(handle, 0);
  if (first === undefined) throw damagedData(folder, "its first header cannot be read");
  const pageBytes = first.readUInt32LE(meta.pageBytes);
  const isPowerOfTwo = (pageBytes & (pageBytes - 1)) === 0;
  if (pageBytes < 512 || pageBytes > 65_536 || !isPowerOfTwo) {
    throw damagedData(folder, `its header claims pages of ${pageBytes} bytes`);
  }
  const second = await readMeta(handle, pageBytes);
  if (second === undefined) throw damagedData(folder, "its second header cannot be read");
  const newest =
    first.readBigUInt64LE(meta.txn) > second.readBigUInt64LE(meta.txn) ? first : second;
  const pages = Number(newest.readBigUInt64LE(meta.lastPage)) + 1;
  // 2^46 bytes are more than any map LMDB can make here: the count itself is damaged.
  if (pages * pageBytes > 2 ** 46) throw damagedData(folder, `its header claims ${pages} pages`);
  return pages * pageBytes;
}

async function readMeta(handle: FileHandle, at: number): Promise<Buffer | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(meta.end), 0, meta.end, at);
  if (bytesRead < meta.end || buffer.readUInt32LE(meta.magic) !== metaMagic) return undefined;
  return (buffer.readUInt16LE(meta.flags) & metaFlag) === 0 ? undefined : buffer;
}
