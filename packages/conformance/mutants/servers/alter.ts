import type { Code } from "@connectrpc/connect";
import type {
  ApplyWorkloadRequest,
  WatchWorkloadsResponse,
  WorkloadStatus,
} from "@persys/client/contract";
import { type AgentHandlers, RpcError, type RpcStatus } from "@persys/transports";

type Apply = AgentHandlers["applyWorkload"];
type Watch = AgentHandlers["watchWorkloads"];

/** Applies whose requests are changed on their way. */
export function applying(change: (request: ApplyWorkloadRequest) => ApplyWorkloadRequest) {
  return ({ applyWorkload }: AgentHandlers): { readonly applyWorkload: Apply } => ({
    applyWorkload: (request, call) => applyWorkload(change(request), call),
  });
}

/** Every answer that speaks of a status, with another one. */
export function showing(change: (status: WorkloadStatus) => WorkloadStatus) {
  return (sound: AgentHandlers): Partial<AgentHandlers> => {
    const changed = <A extends { status?: WorkloadStatus | undefined }>(answer: A): A =>
      answer.status === undefined ? answer : { ...answer, status: change(answer.status) };
    return {
      applyWorkload: async (request, call) => changed(await sound.applyWorkload(request, call)),
      getWorkloadStatus: async (request, call) =>
        changed(await sound.getWorkloadStatus(request, call)),
      getWorkload: async (request, call) => changed(await sound.getWorkload(request, call)),
      listWorkloads: async (request, call) => {
        const answer = await sound.listWorkloads(request, call);
        return { ...answer, workloads: answer.workloads.map(change) };
      },
    };
  };
}

/** Watches that leave out the events for which `isTold` says no; asked for every event in order. */
export function watching(makeIsTold: () => (event: WatchWorkloadsResponse) => boolean) {
  return ({ watchWorkloads }: AgentHandlers): { readonly watchWorkloads: Watch } => ({
    async *watchWorkloads(request, call) {
      const isTold = makeIsTold();
      for await (const event of watchWorkloads(request, call)) if (isTold(event)) yield event;
    },
  });
}

/** Every method that answers once, failing with what `change` makes of its failures. */
export function failing(change: (status: RpcStatus) => RpcStatus) {
  return (sound: AgentHandlers): Partial<AgentHandlers> => {
    const changed = async <A>(answer: Promise<A>): Promise<A> => {
      try {
        return await answer;
      } catch (error) {
        throw error instanceof RpcError ? new RpcError(change(error.status), error) : error;
      }
    };
    return {
      applyWorkload: (request, call) => changed(sound.applyWorkload(request, call)),
      deleteWorkload: (request, call) => changed(sound.deleteWorkload(request, call)),
      getWorkloadStatus: (request, call) => changed(sound.getWorkloadStatus(request, call)),
      listWorkloads: (request, call) => changed(sound.listWorkloads(request, call)),
      listActions: (request, call) => changed(sound.listActions(request, call)),
      getWorkload: (request, call) => changed(sound.getWorkload(request, call)),
      retryWorkload: (request, call) => changed(sound.retryWorkload(request, call)),
    };
  };
}

/** Whether a method failed with the code. */
export function failedWith(error: unknown, code: Code): error is RpcError {
  return error instanceof RpcError && error.status.code === code;
}
