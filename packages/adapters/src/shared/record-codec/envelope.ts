import { crc32 } from "node:zlib";

/**
 * The envelope around every stored entry:
 *
 *     0   4  magic "PSYS"
 *     4   1  kind of the entry, an ASCII letter
 *     5   1  reserved, 0
 *     6   2  version of the body, little endian
 *     8   4  length of the body in bytes, little endian
 *     12  4  CRC-32 of the 12 bytes before, the key and the body
 *     16  -  the body
 *
 * The key is part of the checksum, so bytes that turn up under another key are noticed. These 16 bytes never change their meaning: only the
 * version of the body does, which lets any release tell "damaged" from "written by a newer release".
 */
export const envelopeBytes = 16;

const magic = Buffer.from("PSYS", "latin1");

/** What an envelope holds, its checksum verified. */
export interface Opened {
  readonly version: number;
  readonly body: Uint8Array;
}

/**
 * Why bytes cannot be taken for an entry.
 *
 * - `truncated`: shorter than they say.
 * - `zeroed`: zeros where something else was written.
 * - `damaged`: the checksum does not hold, or they belong to another key.
 * - `foreign`: never an entry of this kind.
 * - `newer`: whole, but written by a newer release.
 * - `malformed`: whole, but not of the shape that this release writes.
 */
export interface Defect {
  readonly kind: "truncated" | "zeroed" | "damaged" | "foreign" | "newer" | "malformed";
  /** What is wrong, in words, without any content. */
  readonly why: string;
}

/** A value, or what kept it from being read. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly defect: Defect };

/** What an envelope says about its body. */
export interface Label {
  /** An ASCII letter. */
  readonly kind: string;
  readonly version: number;
  /** The key that the entry is stored under. */
  readonly key: string;
}

/** The body in its envelope. */
export function sealEnvelope(label: Label, body: string): Buffer {
  const bodyLength = Buffer.byteLength(body);
  const bytes = Buffer.allocUnsafe(envelopeBytes + bodyLength);
  magic.copy(bytes, 0);
  bytes.write(label.kind, 4, 1, "latin1");
  bytes[5] = 0;
  bytes.writeUInt16LE(label.version, 6);
  bytes.writeUInt32LE(bodyLength, 8);
  bytes.write(body, envelopeBytes, "utf8");
  bytes.writeUInt32LE(checksum(bytes, label.key), 12);
  return bytes;
}

/** What is in the envelope, or why it cannot be trusted. The version is not judged here. */
export function openEnvelope(
  bytes: Uint8Array,
  expected: Pick<Label, "kind" | "key">,
): Decoded<Opened> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length > 0 && isZero(view)) return defect("zeroed", "holds nothing but zeros");
  if (view.length < envelopeBytes) {
    return defect("truncated", `${view.length} bytes are left, less than the header`);
  }
  if (!view.subarray(0, 4).equals(magic)) return defect("foreign", "does not start as an entry");
  const bodyLength = view.readUInt32LE(8);
  const found = view.length - envelopeBytes;
  if (found < bodyLength) {
    return defect("truncated", `${found} of ${bodyLength} bytes are left`);
  }
  if (found > bodyLength) return defect("damaged", `${found - bodyLength} bytes too many`);
  if (view.readUInt32LE(12) !== checksum(view, expected.key)) return brokenChecksum(view);
  const kind = String.fromCharCode(view[4] ?? 0);
  if (kind !== expected.kind) return defect("foreign", `is an entry of kind ${kind}`);
  const opened = { version: view.readUInt16LE(6), body: view.subarray(envelopeBytes) };
  return { ok: true, value: opened };
}

/** A defect as the result of decoding. */
export function defect(kind: Defect["kind"], why: string): Decoded<never> {
  return { ok: false, defect: { kind, why } };
}

/** Bodies are JSON, which never ends in a zero byte: a run of them tells of a page that was lost. */
function brokenChecksum(view: Buffer): Decoded<never> {
  let zeros = 0;
  while (zeros < view.length && view[view.length - 1 - zeros] === 0) zeros += 1;
  return zeros > 0
    ? defect("zeroed", `its last ${zeros} bytes are zeros`)
    : defect("damaged", "its checksum does not hold, or it was stored under another key");
}

function checksum(bytes: Buffer, key: string): number {
  const head = crc32(bytes.subarray(0, 12));
  return crc32(bytes.subarray(envelopeBytes), crc32(key, head));
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
