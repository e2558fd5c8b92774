import { Code, ConnectError } from "@connectrpc/connect";
import { ContractViolation } from "../contract-violation.ts";
import { plain } from "./call-log.ts";

/** @throws {ContractViolation} unless `kept`; `seen` is what there was instead. */
export function demand(kept: boolean, promise: string, seen?: unknown): asserts kept {
  if (!kept) throw new ContractViolation(promise, seen === undefined ? {} : { seen: plain(seen) });
}

/** @throws {ContractViolation} unless both are the same data. Members that have their default count as left out. */
export function same(seen: unknown, expected: unknown, promise: string): void {
  const [left, right] = [plain(seen), plain(expected)];
  if (stable(left) !== stable(right)) {
    throw new ContractViolation(promise, { expected: right, seen: left });
  }
}

/** The error of a call that fails with the code. @throws {ContractViolation} when it succeeds or fails otherwise. */
export async function refusal(
  call: Promise<unknown>,
  code: Code | readonly Code[],
): Promise<ConnectError> {
  const codes = typeof code === "number" ? [code] : code;
  const expected = codes.map((one) => Code[one]).join(" or ");
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    const failed = ConnectError.from(error);
    if (codes.includes(failed.code)) return failed;
    const seen = `${Code[failed.code]}: ${failed.rawMessage}`;
    throw new ContractViolation(`the call fails with ${expected}`, {
      expected,
      seen,
      cause: error,
    });
  }
  const seen = { answered: plain(answer) };
  throw new ContractViolation(`the call fails with ${expected}`, { expected, seen });
}

/** Data as text that does not depend on the order of members. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => {
    if (typeof one !== "object" || one === null || Array.isArray(one)) return one;
    return Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
