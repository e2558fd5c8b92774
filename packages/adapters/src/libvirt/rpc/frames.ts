import { LibvirtConnectionError } from "./libvirt-connection-error.ts";

/** One message of either side: a header of six words, and what the procedure writes. */
export interface Frame {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
  readonly payload: Uint8Array;
}

/** `virNetMessageType`: who sends what. Streams and messages with file descriptors are not used. */
export const frameType = { call: 0, reply: 1, message: 2 } as const;

/** `virNetMessageStatus`. */
export const frameStatus = { ok: 0, error: 1 } as const;

/** The length and the six words of the header, in bytes. */
export const headerBytes = 28;

/** `VIR_NET_MESSAGE_MAX` and the length before it, in bytes: the daemon neither sends nor takes more. */
export const frameBytesMax: number = 33_554_432 + 4;

/** The bytes of a frame, its length first. */
export function encodeFrame(frame: Frame): Buffer {
  const length = headerBytes + frame.payload.length;
  const bytes = Buffer.allocUnsafe(length);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt32BE(frame.program, 4);
  bytes.writeUInt32BE(frame.version, 8);
  bytes.writeInt32BE(frame.procedure, 12);
  bytes.writeInt32BE(frame.type, 16);
  bytes.writeUInt32BE(frame.serial, 20);
  bytes.writeInt32BE(frame.status, 24);
  bytes.set(frame.payload, headerBytes);
  return bytes;
}

/** Cuts a stream of bytes into frames, however it arrives. Holds at most one frame that is not complete. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  #wantedBytes = 4;

  /**
   * The frames that are complete with `chunk`.
   * @throws {LibvirtConnectionError} `protocol` for a length that no frame has. What comes after cannot be told apart any more.
   */
  push(chunk: Buffer): readonly Frame[] {
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    const frames: Frame[] = [];
    while (this.#heldBytes >= this.#wantedBytes) {
      const held = this.#joined();
      const length = frameLength(held);
      this.#wantedBytes = length;
      if (held.length < length) break;
      frames.push(decodeFrame(held.subarray(0, length)));
      this.#chunks = length === held.length ? [] : [held.subarray(length)];
      this.#heldBytes = held.length - length;
      this.#wantedBytes = 4;
    }
    return frames;
  }

  #joined(): Buffer {
    const [only] = this.#chunks;
    const joined =
      this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

function frameLength(bytes: Buffer): number {
  const length = bytes.readUInt32BE(0);
  if (length < headerBytes || length > frameBytesMax)
    throw new LibvirtConnectionError("protocol", `a message of ${length} bytes was announced`);
  return length;
}

function decodeFrame(bytes: Buffer): Frame {
  return {
    program: bytes.readUInt32BE(4),
    version: bytes.readUInt32BE(8),
    procedure: bytes.readInt32BE(12),
    type: bytes.readInt32BE(16),
    serial: bytes.readUInt32BE(20),
    status: bytes.readInt32BE(24),
    payload: bytes.subarray(headerBytes),
  };
}
