/** Numbers that are the same for the same seed (mulberry32). */
export class Noise {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  /** Once in so many times. */
  once(inSoMany: number): boolean {
    return this.below(inSoMany) === 0;
  }

  one<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** `bytes` with a few things done to them: bits changed, pieces left out, doubled, put in, cut off. */
  mutate(bytes: Buffer): Buffer {
    let made = Buffer.from(bytes);
    for (let times = 1 + this.below(4); times > 0; times -= 1) made = this.#mutateOnce(made);
    return made;
  }

  #mutateOnce(bytes: Buffer): Buffer<ArrayBuffer> {
    const at = this.below(bytes.length + 1);
    const until = at + this.below(Math.min(16, bytes.length - at + 1));
    const [head, middle, tail] = [
      bytes.subarray(0, at),
      bytes.subarray(at, until),
      bytes.subarray(until),
    ];
    switch (this.below(6)) {
      case 0:
        return Buffer.concat([head, middle.map((byte) => byte ^ (1 << this.below(8))), tail]);
      case 1:
        return Buffer.concat([head, tail]);
      case 2:
        return Buffer.concat([head, middle, middle, tail]);
      case 3:
        return Buffer.concat([head, this.bytes(1 + this.below(8)), middle, tail]);
      case 4:
        return Buffer.concat([head, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), tail]);
      default:
        return Buffer.concat([head, middle]);
    }
  }
}
