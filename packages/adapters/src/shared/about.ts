import { z } from "zod";
import { createEntryCodec, type EntryCodec } from "./record-codec/entry-codec.ts";
import { faultIn } from "./record-codec/record-shape.ts";

/** What the stored state as a whole is. Written once. */
export interface About {
  readonly nodeId: string;
  readonly createdAtMs: number;
}

const aboutShape = z.looseObject({ nodeId: z.string(), createdAtMs: z.number() });

/** How {@link About} is stored. Its version is that of the whole layout: a release refuses a layout newer than its own. */
export const aboutCodec: EntryCodec<About> = createEntryCodec<About>({
  kind: "S",
  version: 1,
  upgrades: new Map(),
  keyOf: () => "about",
  faultOf: (body) => faultIn(aboutShape, body),
});
