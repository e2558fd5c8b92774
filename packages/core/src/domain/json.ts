/** Plain data: what a spec is made of and what a record stores. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A plain object of {@link Json}. A key whose value is undefined counts as absent. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}
