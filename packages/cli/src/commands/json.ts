import type { JsonWriteOptions } from "@bufbuild/protobuf";

/** Messages as the API writes them in JSON, but whole: a script finds `false`, `0` and `""` where they stand, too. */
export const jsonOptions: Partial<JsonWriteOptions> = { alwaysEmitImplicit: true };
