import { randomBytes } from "node:crypto";
import type { Random } from "@persys/core";

/** Chance: ids from the operating system, and fractions, which only spread delays and are drawn often, from a cheaper source. */
export class SystemRandom implements Random {
  fraction(): number {
    return Math.random();
  }

  /** 128 random bits in 22 URL-safe characters. */
  uid(): string {
    return randomBytes(16).toString("base64url");
  }
}
