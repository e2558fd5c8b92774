import { create } from "@bufbuild/protobuf";
import { createRouterTransport, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { type AgentClient, createAgentClient } from "../src/index.ts";
import {
  type ActualState,
  AgentService,
  WatchWorkloadsResponseSchema,
  type WatchWorkloadsRequest,
  type WatchWorkloadsResponse,
  type WorkloadStatus,
  WorkloadStatusSchema,
} from "../src/contract.ts";

/** A client of an agent within the process that does what `implementation` says and refuses everything else. */
export function clientOf(implementation: Partial<ServiceImpl<typeof AgentService>>): AgentClient {
  const transport = createRouterTransport((router) => router.service(AgentService, implementation));
  return createAgentClient({ transport });
}

/** What the agent does on one connection of a watch: events, and how they end: with an error, or not until the client goes. */
export interface WatchScript {
  readonly events: readonly WatchWorkloadsResponse[];
  readonly ends: "stay" | Error;
}

/** A client whose watches follow the scripts, one for each connection, and the requests that came. */
export function watchedClient(...scripts: readonly WatchScript[]) {
  const requests: WatchWorkloadsRequest[] = [];
  let open = 0;
  const client = clientOf({
    async *watchWorkloads(request, context: HandlerContext) {
      const script = scripts[requests.length];
      requests.push(request);
      if (script === undefined) throw new Error("one connection too many");
      open += 1;
      try {
        yield* script.events;
        if (script.ends instanceof Error) throw script.ends;
        if (script.ends === "stay") await aborted(context.signal);
      } finally {
        open -= 1;
      }
    },
  });
  return { client, requests, openWatches: () => open };
}

/** A status of `web`. */
export function statusOf(
  actualState: ActualState,
  init: Partial<WorkloadStatus> = {},
): WorkloadStatus {
  return Object.assign(
    create(WorkloadStatusSchema, { id: "web", uid: "u1", generation: 1n, actualState }),
    init,
  );
}

/** Events as a test writes them; the resume token is the position in the list. */
export const event = {
  snapshot: (value: WorkloadStatus, resumeToken = "s") =>
    create(WatchWorkloadsResponseSchema, { event: { case: "snapshot", value }, resumeToken }),
  changed: (value: WorkloadStatus, resumeToken = "c") =>
    create(WatchWorkloadsResponseSchema, { event: { case: "changed", value }, resumeToken }),
  deleted: (uid: string, resumeToken = "d") =>
    create(WatchWorkloadsResponseSchema, {
      event: { case: "deleted", value: { id: "web", uid } },
      resumeToken,
    }),
  synced: (fresh: boolean, resumeToken = "y") =>
    create(WatchWorkloadsResponseSchema, {
      event: { case: "synced", value: { fresh } },
      resumeToken,
    }),
};

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
