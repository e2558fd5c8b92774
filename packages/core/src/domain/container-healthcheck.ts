import { z } from "zod";
import { text } from "./spec-text.ts";

/** How Docker finds out whether what runs in a container is well. What is left out is as the image says. */
export interface Healthcheck {
  /**
   * `["CMD", program, ...arguments]`, `["CMD-SHELL", line for the container's shell]`, or `["NONE"]` for no check although the image has
   * one. Empty or left out: the image's.
   */
  readonly test?: readonly string[] | undefined;
  /** From the end of one check to the next. 0 or left out: the image's, else 30. */
  readonly intervalSeconds?: number | undefined;
  /** How long one check may take. 0 or left out: the image's, else 30. */
  readonly timeoutSeconds?: number | undefined;
  /** How long after a start failed checks do not count. 0 or left out: the image's, else none. */
  readonly startPeriodSeconds?: number | undefined;
  /** Failed checks in a row that make it unhealthy. 0 or left out: the image's, else 3. */
  readonly retries?: number | undefined;
}

const secondsMax = 86_400;
const retriesMax = 1_000;

const seconds = z.int().min(0).max(secondsMax).optional();

/** The schema of {@link Healthcheck}. */
export const healthcheckSchema: z.ZodType<Healthcheck> = z.strictObject({
  test: z
    .array(text)
    .max(4096)
    .superRefine((words, context) => {
      const broken = brokenRule(words);
      if (broken !== undefined)
        context.addIssue({ code: "custom", path: [...broken.path], message: broken.rule });
    })
    .optional(),
  intervalSeconds: seconds,
  timeoutSeconds: seconds,
  startPeriodSeconds: seconds,
  retries: z.int().min(0).max(retriesMax).optional(),
});

function brokenRule(
  words: readonly string[],
): { readonly path: readonly number[]; readonly rule: string } | undefined {
  const [kind, program] = words;
  switch (kind) {
    case undefined:
      return undefined;
    case "NONE":
      if (words.length === 1) return undefined;
      return { path: [], rule: "must have nothing after NONE, which turns the check off" };
    case "CMD":
      if (program !== undefined && program !== "") return undefined;
      return { path: [], rule: "must have a program after CMD" };
    case "CMD-SHELL":
      if (words.length === 2 && program !== "") return undefined;
      return { path: [], rule: "must have exactly one line for the shell after CMD-SHELL" };
    default:
      return { path: [0], rule: "must be CMD, CMD-SHELL or NONE" };
  }
}
