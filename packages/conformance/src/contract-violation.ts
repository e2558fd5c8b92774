/** How a promise was broken, as far as it is known. */
export interface ViolationDetails {
  /** What was done, shortest known way to the failure, a call a line. */
  readonly sequence?: readonly string[];
  readonly expected?: unknown;
  readonly seen?: unknown;
  /** What was thrown, when that is what went wrong. */
  readonly cause?: unknown;
}

/** A broken promise of a contract. The case that throws it knows the clause and the seed. */
export class ContractViolation extends Error {
  override readonly name = "ContractViolation";
  readonly details: ViolationDetails;

  constructor(message: string, details: ViolationDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.details = details;
  }
}
