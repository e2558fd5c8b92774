import { AgentError, type Json } from "@persys/core";
import { z } from "zod";

/** What an instance's folder says of it: whose it is and what it was made from. Written once, before the folder gets its name. */
export interface InstanceMeta {
  readonly format: 1;
  readonly nodeId: string;
  readonly id: string;
  readonly uid: string;
  readonly revisionId: string;
  readonly specDigest: string;
  /** The runtime's own name for the instance. */
  readonly handle: string;
  /** As sent; with its secrets, so the file is readable for the agent's account only. */
  readonly spec: Json;
  readonly stopGraceMs: number;
}

const schema: z.ZodType<InstanceMeta> = z.object({
  format: z.literal(1),
  nodeId: z.string(),
  id: z.string(),
  uid: z.string(),
  revisionId: z.string(),
  specDigest: z.string(),
  handle: z.string(),
  spec: z.json(),
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
