import type { Principal } from "./principal.ts";
import type { Peer } from "../tls/peer.ts";

/** What is known of a caller before anything of the request is read. */
export interface Asking {
  readonly headers: Headers;
  readonly peer: Peer;
}

/** Who a caller is, or why that is not known, in words for the caller. */
export type Authentication =
  | { readonly kind: "known"; readonly principal: Principal }
  | { readonly kind: "unknown"; readonly because: string };

/** Finds out who asks. Never throws. */
export type Authenticate = (asking: Asking) => Authentication | Promise<Authentication>;
