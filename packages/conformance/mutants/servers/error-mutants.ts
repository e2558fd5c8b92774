import { Code } from "@connectrpc/connect";
import { BadRequestSchema } from "@persys/client/contract";
import { failing } from "./alter.ts";
import type { ServerMutant } from "./server-mutant.ts";

/** Wrong ways to fail, and to be reached. */
export const errorMutants: readonly ServerMutant[] = [
  {
    name: "errors-name-one-violation",
    breaks: "of all violations only the first is named",
    clauseHint: "API-032",
    handlers: failing(({ details, fieldViolations = [], ...status }) => ({
      ...status,
      details: details.map((one) =>
        one.desc.typeName === BadRequestSchema.typeName
          ? { desc: BadRequestSchema, value: { fieldViolations: fieldViolations.slice(0, 1) } }
          : one,
      ),
    })),
  },
  {
    name: "errors-have-no-details",
    breaks: "errors come without details",
    clauseHint: "API-110",
    handlers: failing(({ code, message }) => ({ code, message, details: [] })),
  },
  {
    name: "errors-call-conflicts-preconditions",
    breaks: "a conflict of revisions is FAILED_PRECONDITION",
    clauseHint: "API-004",
    handlers: failing((status) =>
      status.code === Code.Aborted ? { ...status, code: Code.FailedPrecondition } : status,
    ),
  },
  {
    name: "errors-lose-the-words",
    breaks: "NOT_FOUND does not say the words that existing clients look for",
    clauseHint: "API-063",
    handlers: failing((status) =>
      status.code === Code.NotFound ? { ...status, message: "no such thing" } : status,
    ),
  },
  {
    name: "messages-have-no-limit",
    breaks: "messages of any size are read",
    clauseHint: "API-121",
    limits: { readMaxBytes: 1024 * 1024 * 1024 },
  },
  {
    name: "messages-are-small",
    breaks: "messages of more than 64 KiB are refused",
    clauseHint: "API-122",
    limits: { readMaxBytes: 64 * 1024 },
  },
  {
    name: "everybody-may-enter",
    breaks: "tokens are not looked at",
    clauseHint: "API-127",
    authenticate: () => ({ kind: "known", principal: { identity: "anybody", role: "admin" } }),
  },
];
