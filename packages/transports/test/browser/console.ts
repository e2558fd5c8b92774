import { type Client, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { AgentService } from "@persys/transports/gen";

/** Which agent a page calls, and how. */
export interface Asked {
  readonly baseUrl: string;
  readonly token: string;
  readonly protocol: "connect" | "grpc-web";
}

/** What a page could do, or why it could not. */
export interface Outcome {
  readonly applied?: boolean;
  /** What a watch told until the picture was whole. */
  readonly events?: readonly string[];
  readonly code?: number;
  readonly message?: string;
}

/** Applies a workload and watches until it has seen it. Runs in a browser. */
export async function useAgent({ baseUrl, token, protocol }: Asked): Promise<Outcome> {
  const make = protocol === "connect" ? createConnectTransport : createGrpcWebTransport;
  const client: Client<typeof AgentService> = createClient(
    AgentService,
    make({
      baseUrl,
      useHttpGet: true,
      interceptors: [
        (next) => (request) => {
          request.header.set("authorization", `Bearer ${token}`);
          return next(request);
        },
      ],
    }),
  );
  try {
    await client.whoAmI({});
    const { applied } = await client.applyWorkload({
      id: protocol,
      revisionId: "r1",
      spec: { spec: { case: "process", value: { command: ["sleep", "600"] } } },
    });
    const events: string[] = [];
    for await (const { event } of client.watchWorkloads({})) {
      events.push(event.case ?? "");
      if (event.case === "synced") break;
    }
    return { applied, events };
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return { code, message: rawMessage };
  }
}
