import {
  Code,
  ConnectError,
  type ContextKey,
  createContextKey,
  type HandlerContext,
} from "@connectrpc/connect";
import type { Logger } from "@persys/core";
import type { Authenticate } from "../access/authenticate.ts";
import type { Principal } from "../access/principal.ts";
import { refusedStatus } from "../access/refused-status.ts";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import type { ConnectionGate } from "../net/connection-gate.ts";
import type { BrowserRules } from "./browser-rules.ts";
import { connectErrorOf } from "./connect-error-of.ts";
import { connectionKey, peerKey } from "./node-listener.ts";
import { checkQuery, type StrictJsonOptions } from "./strict-json.ts";

/** Where it is kept among the context values of a call who makes it. */
export const principalKey: ContextKey<Principal> = createContextKey<Principal>(
  { identity: "", role: "viewer", workloads: { ids: [] } },
  { description: "who asks" },
);

/** What the gate needs. */
export interface CallGateOptions {
  readonly rules: BrowserRules;
  readonly authenticate: Authenticate;
  /** Told of connections over which somebody has called who is known. */
  readonly connections: Pick<ConnectionGate, "know">;
  readonly json: StrictJsonOptions;
  readonly logger: Logger;
}

/**
 * Finds out who calls before anything of the request is read, and notes it among the values of the call. Throws for those who are not let in:
 * pages of other sites, and whoever is nobody. What asks for the health is let in as it is.
 */
export function callGate(options: CallGateOptions): (context: HandlerContext) => Promise<void> {
  const { rules, authenticate, connections, json, logger } = options;
  return async ({ method, requestHeader: headers, requestMethod, service, url: text, values }) => {
    const url = new URL(text);
    const refusal = rules.refusal({
      authority: url.host,
      origin: headers.get("origin"),
      fetchSite: headers.get("sec-fetch-site"),
    });
    if (refusal !== undefined) throw new ConnectError(refusal, Code.PermissionDenied);
    if (service.typeName === Health.typeName) return;
    const peer = values.get(peerKey);
    const caller = await authenticate({ headers, peer, method: method.name });
    if (caller.kind !== "known") {
      throw connectErrorOf(refusedStatus(caller, { method: method.name, logger }));
    }
    connections.know(values.get(connectionKey));
    values.set(principalKey, caller.principal);
    if (requestMethod === "GET" && url.searchParams.get("encoding") === "json") {
      await checkQuery(method, url.searchParams, { ...json, values });
    }
  };
}
