import { AgentError, type SecretSealer } from "@persys/core";
import { z } from "zod";
import type { ProjectSource, StoredSource } from "./project-source.ts";
import { gitOriginSchema } from "./project-state.ts";

const sourceSchema: z.ZodType<StoredSource> = z.object({
  document: z.record(z.string(), z.unknown()),
  env: z.record(z.string(), z.string()).optional(),
  profiles: z.array(z.string()),
  git: gitOriginSchema.optional(),
});

const storedSchema = z.union([z.object({ sealed: z.string() }), z.object({ plain: sourceSchema })]);

/**
 * A source in the form of its file, sealed for `place` where there is a sealer: people write secrets into compose files. Where there is none, its
 * variables are left out.
 */
export function sourceText(
  source: ProjectSource,
  sealer: SecretSealer | undefined,
  place: string,
): string {
  const { env, ...rest } = source;
  const hasEnv = Object.keys(env).length > 0;
  return JSON.stringify(
    sealer === undefined
      ? { plain: hasEnv ? rest : source }
      : { sealed: sealer.seal(JSON.stringify(source), place) },
  );
}

/**
 * Reads a source.
 * @throws {AgentError} SECRET_UNAVAILABLE, retryable. {SyntaxError} {z.ZodError} for what was not written here.
 */
export function sourceOf(
  text: string,
  sealer: SecretSealer | undefined,
  place: string,
): StoredSource {
  const stored = storedSchema.parse(JSON.parse(text));
  if ("plain" in stored) return stored.plain;
  if (sealer === undefined)
    throw new AgentError(
      "SECRET_UNAVAILABLE",
      "the compose file of this workload was sealed when it was stored, and this agent has no keys",
      { retryable: true, effect: "none" },
    );
  return sourceSchema.parse(JSON.parse(sealer.unseal(stored.sealed, place)));
}
