import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health_pb.ts";
import { AgentService } from "../gen/persys/agent/v1/agent_pb.ts";

/** Watches of health at once, from whomever. */
const healthWatchesMax = 1_000;

/** The services that there is a health of. The empty name stands for the server as a whole. */
const names: readonly string[] = ["", AgentService.typeName];

/** Puts `grpc.health.v1` on a router. It serves until `stopping` aborts; watches are told then, and end. */
export function routeHealth(router: ConnectRouter, stopping: AbortSignal): void {
  let watches = 0;
  const now = (): Status => (stopping.aborted ? Status.NOT_SERVING : Status.SERVING);
  router.service(Health, {
    check: ({ service }) => {
      if (!names.includes(service)) throw new ConnectError("unknown service", Code.NotFound);
      return { status: now() };
    },
    list: () => ({ statuses: Object.fromEntries(names.map((name) => [name, { status: now() }])) }),
    async *watch({ service }, { signal }) {
      if (watches >= healthWatchesMax) {
        const message = `there are ${healthWatchesMax} watches already`;
        throw new ConnectError(message, Code.ResourceExhausted);
      }
      watches += 1;
      try {
        const isKnown = names.includes(service);
        yield { status: isKnown ? now() : Status.SERVICE_UNKNOWN };
        await firstAborted(stopping, signal);
        if (isKnown && !signal.aborted) yield { status: now() };
      } finally {
        watches -= 1;
      }
    },
  });
}

/** Resolves once one of the signals has aborted. */
async function firstAborted(...signals: readonly AbortSignal[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  for (const signal of signals) {
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  }
  try {
    await promise;
  } finally {
    for (const signal of signals) signal.removeEventListener("abort", end);
  }
}
