import {
  type Action,
  type Failure,
  type Instance,
  instanceStates,
  type Intent,
  type NextCreation,
  type Revision,
  type SealedSecret,
  type Trial,
  type WorkloadRecord,
} from "@persys/core";
import { z } from "zod";

/** One check for each field: the compiler notices a field that is added to the type and forgotten here. */
type Fields<T> = { readonly [Name in keyof T]-?: z.ZodType };

/**
 * The shapes of stored values, loose on purpose: the kinds of the known fields, not their rules. They keep a value that would break the
 * engine later from getting in; fields that are not known here are left alone.
 */

const text = z.string();
const number = z.number();
const texts = z.record(text, text);

const failure = z.looseObject({
  reason: text,
  message: text,
  retryable: z.boolean(),
  atMs: number,
} satisfies Fields<Failure>);

const exit = z.discriminatedUnion("kind", [
  z.looseObject({
    kind: z.literal("code"),
    code: number,
    oomKilled: z.boolean().optional(),
    endedAtMs: number.optional(),
    detail: text.optional(),
  }),
  z.looseObject({
    kind: z.literal("unknown"),
    endedAtMs: number.optional(),
    detail: text.optional(),
  }),
]);

const instance = z.looseObject({
  handle: text,
  uid: text,
  revisionId: text,
  specDigest: text,
  kept: z.boolean(),
  state: z.enum(instanceStates),
  health: z.enum(["none", "starting", "healthy", "unhealthy"]),
  healthOutput: text.optional(),
  run: text.optional(),
  startedAtMs: number.optional(),
  exit: exit.optional(),
  drift: z.array(text),
  facts: texts,
} satisfies Fields<Instance>);

/** A record keeps what was seen, so an observation that could not be made is none. */
const observation = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("absent") }),
  z.looseObject({
    kind: z.literal("present"),
    instances: z.array(instance).nonempty(),
    glance: text,
  }),
]);

const restart = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("always") }),
  z.looseObject({ kind: z.literal("on-failure"), maxRetries: number }),
  z.looseObject({ kind: z.literal("no") }),
]);

const trial = z.looseObject({
  attempts: number,
  ends: number,
  level: number,
  failure: failure.optional(),
  open: z.boolean(),
  delayMs: number,
  notBeforeMs: number,
} satisfies Fields<Trial>);

const sealedSecret = z.looseObject({
  path: z.array(z.union([text, number])),
  sealed: text,
} satisfies Fields<SealedSecret>);

const revision = z.looseObject({
  revisionId: text,
  digest: text,
  spec: z.unknown().refine((spec) => spec !== undefined, "is missing"),
  sealed: z.array(sealedSecret).optional(),
  restart,
  stopGraceMs: number,
  prepared: z.boolean(),
  starts: number,
  ends: number,
  accountedRun: text.optional(),
  settled: z.boolean(),
  unproven: z.boolean().optional(),
  completed: z.boolean(),
  resting: z.boolean().optional(),
  trial,
  givenUp: failure.optional(),
} satisfies Fields<Revision>);

const next = z.looseObject({
  type: text,
  uid: text,
  desired: z.enum(["running", "stopped"]),
  wanted: revision,
  labels: texts,
  createdAtMs: number,
  actionSeq: number.optional(),
  traceparent: text.optional(),
} satisfies Fields<NextCreation>);

const intent = z.looseObject({ step: text, cause: text, atMs: number } satisfies Fields<Intent>);

/** A WorkloadRecord. */
export const recordShape: z.ZodType = z.looseObject({
  id: text,
  type: text,
  uid: text,
  generation: number,
  desired: z.enum(["running", "stopped", "deleted"]),
  wanted: revision,
  fallback: revision.optional(),
  leftovers: z.boolean(),
  chore: trial,
  removed: z.boolean(),
  labels: texts,
  observation,
  observedSequence: z.tuple([number, number]),
  observedAtMs: number,
  intent: intent.optional(),
  actionSeq: number.optional(),
  next: next.optional(),
  createdAtMs: number,
  updatedAtMs: number,
  transitionAtMs: number,
  traceparent: text.optional(),
} satisfies Fields<WorkloadRecord>);

/** An Action. Its status and type may be newer than this release: they are only shown. */
export const actionShape: z.ZodType = z.looseObject({
  seq: z.int().nonnegative(),
  taskId: text,
  workloadId: text,
  type: text,
  status: text,
  generation: number,
  revisionId: text,
  error: text,
  caller: text,
  traceparent: text.optional(),
  createdAtMs: number,
  startedAtMs: number,
  endedAtMs: number,
} satisfies Fields<Action>);

/** The first thing wrong with `value`, with its place; undefined when it has the shape. */
export function faultIn(shape: z.ZodType, value: unknown): string | undefined {
  const checked = shape.safeParse(value);
  if (checked.success) return undefined;
  const [issue] = checked.error.issues;
  const place = issue?.path.map(String).join(".") ?? "";
  return `${place === "" ? "the entry" : place} is not as expected: ${issue?.message ?? "unknown"}`;
}
