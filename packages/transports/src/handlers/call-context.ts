import type { Caller } from "@persys/core";
import type { Authentication } from "../access/authenticate.ts";
import type { Principal } from "../access/principal.ts";

/** What a transport knows of a call besides its request. */
export interface CallContext {
  readonly caller: Caller;
  /** What the caller may do. */
  readonly principal: Principal;
  /** Finds out anew who calls, by what the connection and the call have shown. Left out: whoever it was stays that. */
  readonly again?: () => Promise<Authentication>;
  /** Aborts when the caller has gone, its deadline has passed, or the transport gives the call up; its reason is what the caller is told. */
  readonly signal: AbortSignal;
  /** Aborts when the agent begins to stop: streams end and waits answer what they have. */
  readonly stopping: AbortSignal;
  /** Milliseconds to the caller's deadline; undefined without one. */
  remainingMs(): number | undefined;
}
