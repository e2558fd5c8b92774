import { crc32 } from "node:zlib";

/** The format that this release writes. */
export const format = 1;

const headerBytes = 5;

/** What a sealed file holds, or why it cannot be told. */
export type Unsealed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly why: string; readonly isNewer: boolean };

/**
 * A value as the content of the file: CRC-32 of all that follows and of the file's name, the format, and JSON.
 * @throws {TypeError} when it has a number that JSON has not.
 */
export function seal(file: string, value: unknown, version: number = format): Uint8Array {
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "number" && !Number.isFinite(part)) throw new TypeError(`${part} in JSON`);
    return part;
  });
  const bytes = Buffer.alloc(headerBytes + Buffer.byteLength(text));
  bytes.writeUInt8(version, 4);
  bytes.write(text, headerBytes);
  bytes.writeUInt32LE(checksum(file, bytes), 0);
  return bytes;
}

/** The value in a file. Never throws. */
export function unseal(file: string, content: Uint8Array): Unsealed {
  const bytes = Buffer.from(content);
  if (bytes.length < headerBytes || bytes.readUInt32LE(0) !== checksum(file, bytes)) {
    return { ok: false, why: "its checksum does not hold", isNewer: false };
  }
  const version = bytes.readUInt8(4);
  if (version > format) {
    return { ok: false, why: `it has the later format ${version}`, isNewer: true };
  }
  return { ok: true, value: JSON.parse(bytes.toString("utf8", headerBytes)) };
}

function checksum(file: string, bytes: Buffer): number {
  return crc32(bytes.subarray(4), crc32(file));
}
