import { AsyncLocalStorage } from "node:async_hooks";
import { Code } from "@connectrpc/connect";
import type { CallObserver, IncomingCall, ObservedCall } from "@persys/transports";
import { describe, expect, it, onTestFinished } from "vitest";
import { type MakeClient, type ProtocolClient, rpc, served } from "../connect/protocol-clients.ts";
import { serve, type Serving } from "../connect/serving.ts";
import { eventually } from "../eventually.ts";
import { statusOf } from "../fake-agent.ts";

const sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const own = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

/** Keeps what it is told: the system and method of each call, its traceparent, and then how it ended. */
class RecordingObserver implements CallObserver {
  readonly calls: { system: string; method: string; parent: string; ends: (Code | "ok")[] }[] = [];
  readonly within = new AsyncLocalStorage<string>();

  begin(incoming: IncomingCall): ObservedCall {
    const { system, method } = incoming;
    const call = {
      system,
      method,
      parent: incoming.header("traceparent") ?? "",
      ends: [] as (Code | "ok")[],
    };
    this.calls.push(call);
    return {
      traceparent: own,
      run: (work) => this.within.run(method, work),
      end: (code) => call.ends.push(code ?? "ok"),
    };
  }

  /** How the last call ended first, once it has. */
  async lastEnd(): Promise<Code | "ok" | undefined> {
    const call = this.calls.at(-1);
    await eventually(() => (call?.ends.length ?? 0) > 0);
    return call?.ends[0];
  }
}

interface Observed {
  readonly serving: Serving;
  readonly observer: RecordingObserver;
  readonly client: ProtocolClient;
}

async function observed(
  { by, makeClient }: { readonly by: "connect" | "grpc"; readonly makeClient: MakeClient },
  token = "secret",
): Promise<Observed> {
  const observer = new RecordingObserver();
  const serving = await serve({ by, observer });
  const client = makeClient(serving.port, { token, headers: { traceparent: sent } });
  onTestFinished(async () => {
    client.close();
    await serving.transport.stop(1_000);
  });
  return { serving, observer, client };
}

describe.each(served)("an observer of %s", (name, suite) => {
  it("is told of a call in its trace, and has the call's work in its own", async () => {
    const { serving, observer, client } = await observed(suite);
    const seen: (string | undefined)[] = [];
    const health = serving.agent.health.bind(serving.agent);
    serving.agent.health = () => {
      seen.push(observer.within.getStore());
      return health();
    };

    await client.call(rpc.healthCheck, {});
    await client.call(rpc.deleteWorkload, { id: "web" });

    const method = "persys.agent.v1.AgentService/HealthCheck";
    const system = name.startsWith("Connect") ? "connectrpc" : "grpc";
    expect(observer.calls[0]).toMatchObject({ system, method, parent: sent });
    expect(await observer.lastEnd()).toBe("ok");
    expect(observer.calls.map(({ ends }) => ends[0])).toEqual(["ok", "ok"]);
    expect(seen).toEqual([method]);
    expect(serving.agent.callers).toEqual([{ identity: "alice", traceparent: own }]);
  });

  it("is told of the code that a call failed with", async () => {
    const { observer, client } = await observed(suite);

    await expect(client.call(rpc.getWorkload, { id: "nobody" })).rejects.toBeDefined();

    expect(await observer.lastEnd()).toBe(Code.NotFound);
  });

  it("is told of a call that is refused", async () => {
    const { observer, client } = await observed(suite, "wrong");

    await expect(client.call(rpc.healthCheck, {})).rejects.toBeDefined();

    expect(await observer.lastEnd()).toBe(Code.Unauthenticated);
  });

  it("is told of the end of a stream that its reader leaves", async () => {
    const { serving, observer, client } = await observed(suite);
    serving.agent.put(statusOf("web", { actual: "running" }));
    const leave = new AbortController();

    const reading = (async () => {
      for await (const { event } of client.open(rpc.watchWorkloads, {}, leave.signal)) {
        if (event.case === "synced") leave.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: Code.Canceled });

    expect(await observer.lastEnd()).toBe(Code.Canceled);
  });
});
