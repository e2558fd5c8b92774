import type { TypedParam } from "./gen/protocol.ts";

/** The value of a typed parameter. */
export type ParameterValue = number | bigint | string | boolean;

/** What a list of typed parameters says, by name. A Map: names come from outside. */
export function parametersOf(list: readonly TypedParam[]): ReadonlyMap<string, ParameterValue> {
  return new Map(list.map((it) => [it.field, valueOf(it)]));
}

function valueOf({ value }: TypedParam): ParameterValue {
  switch (value.type) {
    case 1:
      return value.i;
    case 2:
      return value.ui;
    case 3:
      return value.l;
    case 4:
      return value.ul;
    case 5:
      return value.d;
    case 6:
      return value.b !== 0;
    case 7:
      return value.s;
  }
}
