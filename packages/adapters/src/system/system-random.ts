import { randomBytes } from "node:crypto";
import type { Random } from "@persys/core";

/** Chance from the operating system. */
export class SystemRandom implements Random {
  /** 48 random bits as a fraction. */
  fraction(): number {
    return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
  }

  /** 128 random bits in 22 URL-safe characters. */
  uid(): string {
    return randomBytes(16).toString("base64url");
  }
}
