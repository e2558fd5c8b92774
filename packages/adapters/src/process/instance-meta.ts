import { AgentError, type Json, type SealedSecret } from "@persys/core";
import { z } from "zod";

/** What an instance's folder says of it: whose it is and what it was made from. Written once, before the folder gets its name. */
export interface InstanceMeta {
  /** 2: with `sealed`, which an earlier release would not miss. */
  readonly format: 1 | 2;
  readonly nodeId: string;
  readonly id: string;
  readonly uid: string;
  readonly revisionId: string;
  readonly specDigest: string;
  /** The runtime's own name for the instance. */
  readonly handle: string;
  /** As sent; without `sealed` it has its secrets, so the file is readable for the agent's account only. */
  readonly spec: Json;
  /** Its secrets, where there is a sealer. */
  readonly sealed?: readonly SealedSecret[] | undefined;
  readonly stopGraceMs: number;
}

const schema: z.ZodType<InstanceMeta> = z.object({
  format: z.union([z.literal(1), z.literal(2)]),
  nodeId: z.string(),
  id: z.string(),
  uid: z.string(),
  revisionId: z.string(),
  specDigest: z.string(),
  handle: z.string(),
  spec: z.json(),
  sealed: z
    .array(z.object({ path: z.array(z.union([z.string(), z.number()])), sealed: z.string() }))
    .optional(),
  stopGraceMs: z.number(),
});

/**
 * The meta file's text, understood.
 * @throws {AgentError} STORAGE_ERROR when it is damaged or of a later format: what the folder holds is then unknown.
 */
export function parseInstanceMeta(text: string, path: string): InstanceMeta {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, cause);
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw damaged(path, parsed.error);
}

function damaged(path: string, cause: unknown): AgentError {
  return new AgentError("STORAGE_ERROR", `the description of an instance cannot be read: ${path}`, {
    cause,
    retryable: true,
    details: { path },
  });
}
