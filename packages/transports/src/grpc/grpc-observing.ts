import { Code } from "@connectrpc/connect";
import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import type { CallObserver, ObservedCall } from "../observe/call-observer.ts";

const codes: ReadonlyMap<number, Code> = new Map(
  Object.values(Code).flatMap((code) => (typeof code === "number" ? [[code, code]] : [])),
);

/** Tells `observer` of every call of a gRPC server. The first of its interceptors, so that it sees the answers of the others. */
export function observingCalls(observer: CallObserver): ServerInterceptor {
  return ({ path }, call) => {
    let observed: ObservedCall | undefined;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, goOn) => {
            const begun = observer.begin({
              system: "grpc",
              method: path.slice(1),
              header: (name) => textOf(metadata, name),
            });
            observed = begun;
            if (begun.traceparent !== undefined) metadata.set("traceparent", begun.traceparent);
            begun.run(() => goOn(metadata));
          },
          onReceiveHalfClose: (goOn) => {
            if (observed === undefined) goOn();
            else observed.run(goOn);
          },
          // Also of calls that were answered, where it comes too late to count.
          onCancel: () => observed?.end(isLate(call) ? Code.DeadlineExceeded : Code.Canceled),
        }),
      sendStatus: (status, goOn) => {
        observed?.end(codeOf(status.code));
        goOn(status);
      },
    });
  };
}

/** The numbers are the same; undefined: OK. */
function codeOf(status: number): Code | undefined {
  return status === 0 ? undefined : (codes.get(status) ?? Code.Unknown);
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === "string" ? value : undefined;
}

function isLate(call: { getDeadline(): Date | number }): boolean {
  const deadline = call.getDeadline();
  return (typeof deadline === "number" ? deadline : deadline.getTime()) <= Date.now();
}
