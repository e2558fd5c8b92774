import type { DescMessage } from "@bufbuild/protobuf";
import type { Violation } from "@persys/core";
import { Code } from "@connectrpc/connect";
import { BadRequestSchema } from "../gen/google/rpc/error_details_pb.ts";
import { fieldPath } from "../schema/field-path.ts";
import type { FieldViolation, RpcDetail, RpcStatus } from "./rpc-status.ts";

/** Room for violations in the details, in characters. They travel in a header under gRPC, and clients limit theirs. */
const MAX_DETAIL_CHARS = 16_384;
/** Room for violations in the message. */
const MAX_MESSAGE_CHARS = 2_048;

/** Violations with paths from the root of a message of `schema` as clients see them. */
export function fieldViolations(
  schema: DescMessage,
  violations: readonly Violation[],
): readonly FieldViolation[] {
  return violations.map(({ path, rule, seen }) => ({
    field: fieldPath(schema, path),
    description: seen === undefined ? rule : `${rule} (got ${seen})`,
  }));
}

/** INVALID_ARGUMENT with all that is wrong, in the message and as google.rpc.BadRequest. `what` names the thing: `request`. */
export function invalidArgument(what: string, violations: readonly FieldViolation[]): RpcStatus {
  const lines = violations.map(({ field, description }) =>
    field === "" ? description : `${field}: ${description}`,
  );
  return {
    code: Code.InvalidArgument,
    message: lines.length === 0 ? `invalid ${what}` : `invalid ${what}: ${listed(lines)}`,
    details: [badRequest(violations)],
    fieldViolations: violations,
  };
}

function badRequest(violations: readonly FieldViolation[]): RpcDetail {
  const { kept, left } = withinRoom(violations);
  const rest = left === 0 ? [] : [{ field: "", description: `and ${left} more` }];
  return { desc: BadRequestSchema, value: { fieldViolations: [...kept, ...rest] } };
}

/** The first violations, as many as the details of an answer have room for, and how many are left. */
export function withinRoom<T extends FieldViolation>(
  violations: readonly T[],
): { readonly kept: readonly T[]; readonly left: number } {
  let room = MAX_DETAIL_CHARS;
  const kept = violations.filter(({ field, description }) => {
    room -= field.length + description.length + 8;
    return room >= 0;
  });
  return { kept, left: violations.length - kept.length };
}

/** Lines as one sentence for a message, as many as it has room for. */
export function listed(lines: readonly string[]): string {
  let text = "";
  for (const [index, line] of lines.entries()) {
    const next = index === 0 ? line : `${text}; ${line}`;
    if (next.length > MAX_MESSAGE_CHARS) {
      return index === 0
        ? line.slice(0, MAX_MESSAGE_CHARS)
        : `${text}; and ${lines.length - index} more`;
    }
    text = next;
  }
  return text;
}
