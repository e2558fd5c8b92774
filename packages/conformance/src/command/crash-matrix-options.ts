import type { Place } from "../crash-matrix/places.ts";

/** What `persys-conformance crash-matrix` can be told. */
export interface CrashMatrixOptions {
  readonly story?: readonly string[];
  readonly boundary?: readonly Place[];
  readonly silentClient?: true;
  readonly pairs: "none" | "short" | "all";
  readonly list?: true;
  readonly json?: true;
  readonly quiet?: true;
}
