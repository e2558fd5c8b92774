/**
 * What a {@link MemoryStateStore} keeps: the stored bytes. Two stores over one disk are two owners of the same state, so closing one and
 * opening another is a restart.
 */
export class MemoryDisk {
  /** Grows with every open. */
  epoch = 0;
  /** Sealed records under their ids. */
  readonly records: Map<string, Uint8Array> = new Map();
  /** Sealed actions under their seq. */
  readonly actions: Map<number, Uint8Array> = new Map();
}
