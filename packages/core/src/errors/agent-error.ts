import type { Denial } from "./denial.ts";
import type { ErrorCode } from "./error-code.ts";

/** One rule that an input breaks. */
export interface Violation {
  /** Where, from the root of the input: `["resources", "memoryBytes"]`. Array positions are numbers. Empty: the input as a whole. */
  readonly path: readonly (string | number)[];
  /** The rule, as a sentence that also says how to satisfy it: `must be at least 4194304 bytes`. */
  readonly rule: string;
  /** The value seen, shortened to 80 characters; left out where it is absent or may be a secret. */
  readonly seen?: string;
}

/** What an AgentError may say beyond its code and message. */
export interface AgentErrorOptions {
  /** Who can fix it: `user` by changing the request, `system` otherwise. Default `system`. */
  readonly fault?: "user" | "system";
  /** Whether the same call may succeed later without a change. Default false. */
  readonly retryable?: boolean;
  /** Whether the failed call is known to have changed nothing (`none`) or may have done its work (`unknown`, the default). */
  readonly effect?: "none" | "unknown";
  /** Flat facts for machines, free of secrets. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  /** Every rule that the input breaks, for INVALID_REQUEST and INVALID_SPEC. */
  readonly violations?: readonly Violation[];
  /** All that the node's policy does not give, for POLICY_DENIED. */
  readonly denials?: readonly Denial[];
  /** How long to wait before the next try, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What was caught. Kept for logs; never sent to a client. */
  readonly cause?: unknown;
}

const brand = Symbol.for("persys.AgentError");

/**
 * The one error that ports and the engine throw. Adapters make it from status codes and errno in their own `*-errors.ts`; everything else
 * passes it on. Recognise it with {@link AgentError.is}, which also holds between two copies of this package.
 */
export class AgentError extends Error {
  override readonly name = "AgentError";
  readonly code: ErrorCode;
  readonly fault: "user" | "system";
  readonly retryable: boolean;
  readonly effect: "none" | "unknown";
  readonly details: Readonly<Record<string, string | number | boolean>>;
  readonly violations: readonly Violation[];
  readonly denials: readonly Denial[];
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: AgentErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Object.defineProperty(this, brand, { value: true });
    this.code = code;
    this.fault = options.fault ?? "system";
    this.retryable = options.retryable ?? false;
    this.effect = options.effect ?? "unknown";
    this.details = options.details ?? {};
    this.violations = options.violations ?? [];
    this.denials = options.denials ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Whether `value` is an AgentError, of this or another copy of the package. */
  static is(value: unknown): value is AgentError {
    return typeof value === "object" && value !== null && brand in value;
  }

  /** Whether `value` is an AgentError with this code. */
  static hasCode(value: unknown, code: ErrorCode): value is AgentError {
    return AgentError.is(value) && value.code === code;
  }

  /** `value` itself when it is an AgentError; else an INTERNAL one with `value` as its cause. */
  static from(value: unknown): AgentError {
    if (AgentError.is(value)) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new AgentError("INTERNAL", `unexpected error: ${message}`, {
      cause: value,
      retryable: true,
    });
  }
}
