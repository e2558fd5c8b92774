import * as fc from "fast-check";

/** One way to damage stored bytes. */
export type Damage =
  | { readonly kind: "flip"; readonly at: number; readonly mask: number }
  | { readonly kind: "zero"; readonly at: number; readonly length: number }
  | { readonly kind: "truncate" | "zero-tail"; readonly at: number }
  | { readonly kind: "append" | "replace"; readonly bytes: Uint8Array };

/** What disks, memory and people do to bytes. Places are taken modulo the length. */
export const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    kind: fc.constant("flip" as const),
    at: fc.nat(),
    mask: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({
    kind: fc.constant("zero" as const),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 64 }),
  }),
  fc.record({
    kind: fc.constantFrom("truncate" as const, "zero-tail" as const),
    at: fc.nat(),
  }),
  fc.record({
    kind: fc.constant("append" as const),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  }),
  fc.record({ kind: fc.constant("replace" as const), bytes: fc.uint8Array({ maxLength: 99 }) }),
);

/** The bytes, damaged. May come out as they were, where zeros meet zeros. */
export function damaged(bytes: Uint8Array, how: Damage): Uint8Array {
  const copy = Buffer.from(bytes);
  switch (how.kind) {
    case "flip": {
      const at = how.at % copy.length;
      copy.writeUInt8(copy.readUInt8(at) ^ how.mask, at);
      return copy;
    }
    case "zero": {
      const at = how.at % copy.length;
      return copy.fill(0, at, Math.min(at + how.length, copy.length));
    }
    case "truncate":
      return copy.subarray(0, how.at % copy.length);
    case "zero-tail":
      return copy.fill(0, how.at % copy.length);
    case "append":
      return Buffer.concat([copy, how.bytes]);
    case "replace":
      return how.bytes;
  }
}

/** The damage in words. */
export function tellDamage(how: Damage): string {
  switch (how.kind) {
    case "flip":
      return `flip bits ${how.mask.toString(2)} of byte ${how.at}`;
    case "zero":
      return `zero ${how.length} bytes from ${how.at}`;
    case "append":
      return `append ${how.bytes.length} bytes`;
    case "replace":
      return `replace by ${how.bytes.length} other bytes`;
    default:
      return `${how.kind} at byte ${how.at}`;
  }
}
