import type { Json } from "@persys/core";
import { z } from "zod";

/** A text without line breaks and other control characters, which a description of a machine could not say. */
export function oneLine(charsMax: number): z.ZodString {
  return z
    .string()
    .max(charsMax)
    .regex(/^[\u{20}-\u{7e}\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u, {
      error: "must be one line of text without control characters",
    });
}

/** Files beside a disk that are the agent's: a claim, one in the making, and a disk in the making. No disk is named like one. */
export const ownFileName: RegExp = /\.persys(?:[.-]new)?$/;

/** A path from the root of the host, in one way to write it, or empty. */
export const hostPath: z.ZodString = oneLine(4_095)
  .regex(/^(?:(?:\/(?!\.{0,2}(?:\/|$))[^/]+)+)?$/, {
    error: "must be an absolute path without `.`, `..` and empty parts",
  })
  .refine((it) => !ownFileName.test(it), {
    error: "must not end as the agent's own files beside disks do, in `.persys`",
  });

/** A spec as it was sent, without members that say no more than their absence would: an empty text, list or object, 0 and false. */
export function withoutEmpty(value: unknown): Json {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value as Json;
  const members = Object.entries(value).map(([key, it]) => [key, withoutEmpty(it)] as const);
  return Object.fromEntries(members.filter(([, it]) => saysSomething(it)));
}

function saysSomething(value: Json): boolean {
  if (value === "" || value === 0 || value === false || value === undefined) return false;
  return typeof value !== "object" || value === null || Object.keys(value).length > 0;
}
