/** The invariants that a simulation checks, as docs/state-model.md numbers them. */
export type InvariantName =
  | "I1"
  | "I2"
  | "I3"
  | "I4"
  | "I5"
  | "I6"
  | "I7"
  | "I8"
  | "I9"
  | "I10"
  | "I11"
  | "I12";

/** An invariant that did not hold in a simulated life. */
export class SimulationViolation extends Error {
  override readonly name = "SimulationViolation";
  /** `engine`: the engine itself says that something in it is broken. */
  readonly invariant: InvariantName | "engine";

  constructor(invariant: InvariantName | "engine", message: string) {
    super(message);
    this.invariant = invariant;
  }
}
