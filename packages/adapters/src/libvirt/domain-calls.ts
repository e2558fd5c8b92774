import type { WorkloadId } from "@persys/core";
import type { ArgsOf, LibvirtConnection, ProcedureName, RetOf } from "./rpc/index.ts";

/**
 * Calls of libvirt for one workload at a time, after one another. A call that was called off goes on in the daemon: what is done next for the
 * workload waits for it, so that nothing comes up behind the back of a stop or a removal.
 */
export class DomainCalls {
  readonly #connection: Pick<LibvirtConnection, "call">;
  readonly #late = new Map<WorkloadId, Promise<void>>();

  constructor(connection: Pick<LibvirtConnection, "call">) {
    this.#connection = connection;
  }

  /** Makes a call for a workload. @throws as {@link LibvirtConnection.call} */
  call<Name extends ProcedureName>(
    id: WorkloadId,
    name: Name,
    { args, signal }: { readonly args: ArgsOf<Name>; readonly signal: AbortSignal },
  ): Promise<RetOf<Name>> {
    return this.#connection.call(name, args, {
      signal,
      onLate: (answer) => {
        this.#note(id, answer);
      },
    });
  }

  /** Resolves once nothing is under way for the workload that was called off. @throws the signal's reason as soon as it aborts */
  async settled(id: WorkloadId, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const late = this.#late.get(id);
    if (late === undefined) return;
    const { promise, reject } = Promise.withResolvers<never>();
    const abort = (): void => {
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([late, promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #note(id: WorkloadId, answer: Promise<unknown>): void {
    const before = this.#late.get(id);
    const ended = Promise.allSettled([before, answer]).then(() => {
      if (this.#late.get(id) === ended) this.#late.delete(id);
    });
    this.#late.set(id, ended);
  }
}
