import type { KitOptions } from "./kit-options.ts";

/** The options of `api`, as commander gives them. */
export interface ApiOptions extends KitOptions {
  readonly endpoint: string;
  readonly protocol: "grpc" | "connect" | "grpc-web";
  readonly http2?: true;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly module?: string;
  readonly idPrefix: string;
  readonly besideOthers?: true;
}
