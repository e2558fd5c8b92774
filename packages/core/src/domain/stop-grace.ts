import { z } from "zod";

/** How long a stop may take before it is forced, when a spec does not say, in seconds. Docker and systemd-run wait as long or longer. */
export const stopGraceSecondsDefault = 10;

/** How long a stop may take before it is forced, in seconds. */
export const stopGraceSecondsSchema: z.ZodType<number> = z.int().min(0).max(3600);
