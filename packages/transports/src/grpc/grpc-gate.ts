import { Metadata, ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import type { Logger } from "@persys/core";
import type { Asking, Authenticate, Authentication } from "../access/authenticate.ts";
import type { Principal } from "../access/principal.ts";
import { refusedStatus } from "../access/refused-status.ts";
import { RpcError } from "../mapping/rpc-status.ts";
import type { ConnectionEnds } from "../net/connection-name.ts";
import type { Peer } from "../tls/peer.ts";
import { serviceErrorOf } from "./grpc-errors.ts";

/** What the gate needs. */
export interface GrpcGateOptions {
  readonly authenticate: Authenticate;
  readonly logger: Logger;
  /** Who is at the other end of a connection. */
  readonly peerOf: (connection: ConnectionEnds) => Peer;
  /** Told of connections over which somebody has called who is known. */
  readonly onKnown: (connection: ConnectionEnds) => void;
  /** Methods that anybody may call, by their paths. */
  readonly isOpen: (path: string) => boolean;
}

/** Finds out who calls before anything of the request is read, and answers those by itself who are not let in. */
export class GrpcGate {
  readonly #options: GrpcGateOptions;
  readonly #callers = new WeakMap<
    Metadata,
    { readonly principal: Principal; readonly asking: Asking }
  >();

  constructor(options: GrpcGateOptions) {
    this.#options = options;
  }

  /** Who makes a call that was let in, and how that is found out anew. */
  callerOf(metadata: Metadata): {
    readonly principal: Principal;
    readonly again: () => Promise<Authentication>;
  } {
    const caller = this.#callers.get(metadata);
    if (caller === undefined) throw new Error("a call has come by another way than the gate");
    return { principal: caller.principal, again: () => this.#find(caller.asking) };
  }

  readonly intercept: ServerInterceptor = ({ path }, call) => {
    const { isOpen, logger, onKnown, peerOf } = this.#options;
    if (isOpen(path)) return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, goOn) => {
            const connection = call.getConnectionInfo();
            const asking = { headers: headersOf(metadata), peer: peerOf(connection) };
            const method = path.slice(path.lastIndexOf("/") + 1);
            void this.#find({ ...asking, method }).then((caller) => {
              if (caller.kind === "known") {
                onKnown(connection);
                this.#callers.set(metadata, { principal: caller.principal, asking });
                goOn(metadata);
                return;
              }
              const {
                code,
                details = "",
                metadata: trailers,
              } = serviceErrorOf(new RpcError(refusedStatus(caller, { method, logger })));
              call.sendStatus({ code, details, metadata: trailers ?? new Metadata() });
            });
          },
        }),
    });
  };

  async #find(asking: Asking): Promise<Authentication> {
    const { authenticate, logger } = this.#options;
    try {
      return await authenticate(asking);
    } catch (error) {
      logger.error("who calls could not be found out", { error });
      return {
        kind: "unknown",
        because: "who you are could not be found out; the agent's log says why",
      };
    }
  }
}

/** Metadata as headers, those of binary values left out. */
function headersOf(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(metadata.getMap())) {
    if (typeof value === "string") headers.set(name, value);
  }
  return headers;
}
