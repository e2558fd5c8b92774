import type { RpcStatus } from "../mapping/rpc-status.ts";
import type { Principal } from "./principal.ts";
import type { Peer } from "../tls/peer.ts";

/** What is known of a caller before anything of the request is read. */
export interface Asking {
  readonly headers: Headers;
  readonly peer: Peer;
  /** The method it calls, such as `ApplyWorkload`. Left out where it is only found out anew who somebody is. */
  readonly method?: string;
}

/** Who a caller is, or why that is not known, in words for the caller. */
export type Authentication =
  | { readonly kind: "known"; readonly principal: Principal }
  /** It is known who that is, and that this one has no role here. `names` are those that a rule could name. */
  | { readonly kind: "stranger"; readonly identity: string; readonly names: readonly string[] }
  | { readonly kind: "unknown"; readonly because: string }
  /** One of these that has tried too often, and what it is told. */
  | { readonly kind: "too-many"; readonly status: RpcStatus };

/** Finds out who asks. Never throws. */
export type Authenticate = (asking: Asking) => Authentication | Promise<Authentication>;
