import { utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";

/** Longest single argument or environment entry: the kernel's MAX_ARG_STRLEN is 128 KiB with its end mark; some is kept for a prefix. */
const textBytesMax = 131_000;
/** All arguments and the environment together. The kernel allows 2 MiB by default, pointers included. */
export const launchBytesMax = 1_048_576;
/** Longest path: the kernel's PATH_MAX without its end mark. */
export const pathBytesMax = 4_095;
/** Entries that one environment may have. */
const environmentEntriesMax = 4_096;

/** How many bytes a text has in UTF-8. */
export function utf8Bytes(value: string): number {
  return utf8ToBytes(value).length;
}

/** A text that can be handed to a program: an argument, or a value of its environment. */
export const text: z.ZodType<string, string> = z
  .string()
  .refine((it) => !it.includes("\0"), { error: "must not contain a NUL character" })
  .refine((it) => it.isWellFormed(), { error: "must be well-formed Unicode" })
  .refine((it) => utf8Bytes(it) <= textBytesMax, {
    error: `must have at most ${textBytesMax} bytes`,
  });

/** A path that starts at the root. Empty counts as left out. */
export const absolutePathOrEmpty: z.ZodType<string> = text
  .refine((it) => it === "" || it.startsWith("/"), { error: "must be an absolute path" })
  .refine((it) => utf8Bytes(it) <= pathBytesMax, {
    error: `must have at most ${pathBytesMax} bytes`,
  });

/** An environment whose names follow the rules of `name`. */
export function environment(name: z.ZodType<string, string>): z.ZodType<Record<string, string>> {
  return z.record(name, text).refine((it) => Object.keys(it).length <= environmentEntriesMax, {
    error: `must have at most ${environmentEntriesMax} entries`,
  });
}

/** The value of a label. */
export const labelValue: z.ZodType<string> = z
  .string()
  .max(4096)
  .refine((it) => !it.includes("\0"), { error: "must not contain a NUL character" });

/** What a program is started with, in bytes: its words and its environment, each with its end mark. */
export function launchBytes(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): number {
  let sum = 0;
  for (const word of words) sum += utf8Bytes(word) + 1;
  for (const [name, value] of Object.entries(env)) sum += utf8Bytes(name) + utf8Bytes(value) + 2;
  return sum;
}
