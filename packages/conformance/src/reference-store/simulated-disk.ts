import type { SeededRandom } from "../seeded-random.ts";

/** No room is left on a {@link SimulatedDisk}. */
export class DiskFull extends Error {
  override readonly name = "DiskFull";
}

/** The machine of a {@link DiskMount} has lost its power. */
export class PowerLost extends Error {
  override readonly name = "PowerLost";
}

/** How many turns of the event loop a sync takes: long enough for the power to go meanwhile. */
const syncTurns = 2;

interface UnsyncedWrite {
  readonly file: string;
  /** Undefined for a removal. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * A disk that keeps what was synced, and of the rest what chance leaves. Files are written whole. A loss of power takes any of the unsynced
 * writes, in no order, and tears others.
 */
export class SimulatedDisk {
  readonly #synced = new Map<string, Uint8Array>();
  #unsynced: UnsyncedWrite[] = [];
  #mounts: DiskMount[] = [];
  #claimant: DiskMount | undefined;
  /** Bytes that all files together may have. */
  capacityBytes: number = Number.POSITIVE_INFINITY;

  /** A way to the disk that ends with the machine's power. */
  mount(): DiskMount {
    const mount = new DiskMount(this);
    this.#mounts.push(mount);
    return mount;
  }

  /** What a reader of the file finds; undefined where there is none. */
  read(file: string): Uint8Array | undefined {
    const last = this.#unsynced.findLast((write) => write.file === file);
    return last === undefined ? this.#synced.get(file) : last.bytes;
  }

  /** The names of all files, sorted. */
  files(): readonly string[] {
    const names = new Set([...this.#synced.keys(), ...this.#unsynced.map(({ file }) => file)]);
    return [...names].filter((file) => this.read(file) !== undefined).toSorted();
  }

  /** Bytes that are still free. */
  freeBytes(): number {
    if (this.capacityBytes === Number.POSITIVE_INFINITY) return this.capacityBytes;
    const used = this.files().reduce((sum, file) => sum + (this.read(file)?.byteLength ?? 0), 0);
    return this.capacityBytes - used;
  }

  /** Replaces a file, or removes it. Not safe before {@link sync}. @throws {DiskFull} */
  write(file: string, bytes: Uint8Array | undefined): void {
    const before = this.read(file)?.byteLength ?? 0;
    if ((bytes?.byteLength ?? 0) - before > this.freeBytes())
      throw new DiskFull("no space is left");
    this.#unsynced.push({ file, bytes });
  }

  /** Makes all that was written so far safe. */
  sync(): void {
    for (const { file, bytes } of this.#unsynced) {
      if (bytes === undefined) this.#synced.delete(file);
      else this.#synced.set(file, bytes);
    }
    this.#unsynced = [];
  }

  /** Ends every mount. Of what was not synced each write survives, is torn or is lost, as chance has it. */
  losePower(random: SeededRandom): void {
    for (const mount of this.#mounts) mount.end();
    this.#mounts = [];
    for (const { file, bytes } of this.#unsynced) {
      const fate = random.pick(["kept", "torn", "lost"]);
      if (fate === "lost" || (bytes === undefined && fate === "torn")) continue;
      if (bytes === undefined) this.#synced.delete(file);
      else if (fate === "kept") this.#synced.set(file, bytes);
      else this.#synced.set(file, bytes.slice(0, random.integer(bytes.byteLength)));
    }
    this.#unsynced = [];
  }

  /** Whether nobody has claimed the disk since the mount did. */
  isClaimedBy(mount: DiskMount): boolean {
    return this.#claimant === mount;
  }

  /** Makes the mount the last that has claimed the disk. Keeps nobody from anything: who writes has to look. */
  claimBy(mount: DiskMount): void {
    this.#claimant = mount;
  }

  /** From now on nothing that is asked of the present mounts comes to the disk, until the returned function is called. */
  hold(): () => void {
    const held = Promise.withResolvers<void>();
    for (const mount of this.#mounts) mount.hold(held.promise);
    return held.resolve;
  }
}

/** What a process has of a disk. Everything throws {@link PowerLost} once the power has gone. */
export class DiskMount {
  readonly #disk: SimulatedDisk;
  #isOn = true;
  #held: Promise<void> | undefined;

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
  }

  read(file: string): Uint8Array | undefined {
    return this.#on().read(file);
  }

  files(): readonly string[] {
    return this.#on().files();
  }

  freeBytes(): number {
    return this.#on().freeBytes();
  }

  /** @throws {DiskFull} */
  write(file: string, bytes: Uint8Array | undefined): void {
    this.#on().write(file, bytes);
  }

  /** Claims the disk: whoever had it before {@link isClaimant} no more. */
  claim(): void {
    this.#on().claimBy(this);
  }

  isClaimant(): boolean {
    return this.#on().isClaimedBy(this);
  }

  /** Resolves when the disk can be reached. */
  async ready(): Promise<void> {
    await this.#held;
  }

  /** Resolves when all that was written before is safe. */
  async sync(): Promise<void> {
    for (let turn = 0; turn < syncTurns; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#on().sync();
  }

  /** Keeps {@link ready} waiting for `released`. */
  hold(released: Promise<void>): void {
    this.#held = released;
  }

  end(): void {
    this.#isOn = false;
  }

  #on(): SimulatedDisk {
    if (!this.#isOn) throw new PowerLost("the power went");
    return this.#disk;
  }
}
