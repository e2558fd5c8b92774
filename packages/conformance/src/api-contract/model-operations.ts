import * as fc from "fast-check";

/** A request about one of a few workloads. */
export type Operation =
  | {
      readonly kind: "apply";
      readonly at: number;
      /** Which spec. */
      readonly variant: number;
      /** Empty: derived from the spec. */
      readonly revisionId: string;
      readonly stopped: boolean;
      /** How far the expected generation is off; undefined: none is expected. */
      readonly expectedOff: number | undefined;
      readonly validateOnly: boolean;
    }
  | {
      readonly kind: "want";
      readonly at: number;
      readonly stopped: boolean;
      readonly expectedOff: number | undefined;
    }
  | {
      readonly kind: "delete";
      readonly at: number;
      /** Whether the next request waits until it is gone. */
      readonly awaited: boolean;
    }
  | { readonly kind: "retry" | "read"; readonly at: number };

/** How many workloads there are. */
export const workloadsAtPlay = 3;

const at = fc.nat({ max: workloadsAtPlay - 1 });
const expectedOff = fc.constantFrom(undefined, undefined, undefined, 0, 1, -1);

/** Requests in the order in which they are sent. */
export const operations: fc.Arbitrary<readonly Operation[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .record({
          at,
          variant: fc.integer({ min: 1, max: 3 }),
          revisionId: fc.constantFrom("", "r1", "r2"),
          stopped: fc.boolean(),
          expectedOff,
          validateOnly: fc.constantFrom(false, false, false, true),
        })
        .map((it): Operation => ({ kind: "apply", ...it })),
    },
    {
      weight: 3,
      arbitrary: fc
        .record({ at, stopped: fc.boolean(), expectedOff })
        .map((it): Operation => ({ kind: "want", ...it })),
    },
    {
      weight: 2,
      arbitrary: fc
        .record({ at, awaited: fc.boolean() })
        .map((it): Operation => ({ kind: "delete", ...it })),
    },
    { weight: 1, arbitrary: at.map((one): Operation => ({ kind: "retry", at: one })) },
    { weight: 1, arbitrary: at.map((one): Operation => ({ kind: "read", at: one })) },
  ),
  { minLength: 1, maxLength: 16 },
);

/** The operation as a line of a report. */
export function operationText(operation: Operation): string {
  const { kind, at: one, ...rest } = operation;
  const parts = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [kind, `w${one}`, ...parts].join(" ");
}
