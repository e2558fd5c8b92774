import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  ActualState,
  AgentService,
  BadRequestSchema,
  DesiredState,
  ErrorInfoSchema,
  LogStream,
  type ObservedInstanceSchema,
  PreconditionFailureSchema,
  type ApplyWorkloadRequest,
  type WorkloadStatus,
  WorkloadStatusSchema,
} from "@persys/client/contract";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";

/** A status as a test states it: what is left out stays as it was. */
export type StatusInit = Partial<Omit<WorkloadStatus, "$typeName" | "$unknown">>;

/** What was denied, where that is asked for. */
const deniedCalls = {
  workloadId: "db",
  actionType: "delete_workload",
  status: "denied",
  error: "eve is viewer here",
  createdAt: 1_700_000_000n,
  endedAt: 1_700_000_060n,
  caller: "eve",
  reason: "ROLE_TOO_LOW",
  count: 7n,
};

/** How a stand-in serves. */
export interface FakeAgentOptions {
  /** The one token it takes. Left out: it takes everybody. */
  readonly token?: string;
  /** Left out: without TLS. */
  readonly tls?: Pick<ServerOptions, "ca" | "cert" | "key" | "requestCert" | "rejectUnauthorized">;
}

/**
 * An agent of the contract with nothing behind it: workloads are statuses in a map. After an apply a workload takes the states of `script`, one
 * for each turn of `stepMs`, so that a wait has something to wait for.
 */
export class FakeAgent {
  readonly workloads = new Map<string, WorkloadStatus>();
  readonly applied: ApplyWorkloadRequest[] = [];
  /** What it was to check, and nothing more. */
  readonly validated: ApplyWorkloadRequest[] = [];
  readonly token: string | undefined;
  /** Common names of the certificates that clients have shown. */
  readonly shown: string[] = [];
  /** What a workload goes through after an apply, by its id; others run at once. */
  readonly scripts = new Map<string, readonly StatusInit[]>();
  /** Ids whose spec the agent refuses, with the violations. */
  readonly refusals = new Map<string, readonly { field: string; description: string }[]>();
  /** Ids whose spec the node's policy denies, with the denials. */
  readonly denials = new Map<
    string,
    readonly { type: string; subject: string; description: string }[]
  >();
  /** Ids that a delete leaves where they are. */
  readonly undying = new Set<string>();
  stepMs = 20;
  healthy = true;
  /** How many pieces of 64 KiB come after the first lines of a log. */
  logPieces = 0;
  sentPieces = 0;
  /** Whether it is known when each piece of a log came. */
  logsHaveTimes = true;
  /** What an explanation shows as there. */
  observed: readonly MessageInitShape<typeof ObservedInstanceSchema>[] = [
    { handle: "pid 42", revisionId: "1", state: "running", facts: { "process.pid": "42" } },
  ];
  /** Ids of workloads of which nothing has run yet. */
  readonly silent = new Set<string>();
  #watchers = new Set<() => void>();
  #close: () => Promise<void> = () => Promise.resolve();
  #endpoint = "";
  readonly #tls: FakeAgentOptions["tls"];

  constructor(options: FakeAgentOptions = {}) {
    this.token = options.token;
    this.#tls = options.tls;
  }

  get endpoint(): string {
    return this.#endpoint;
  }

  async start(): Promise<this> {
    const server = this.#server();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const scheme = this.#tls === undefined ? "http" : "https";
    this.#endpoint = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#close = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    return this;
  }

  #server(): Server {
    const handle = connectNodeAdapter({
      routes: (router) => this.#routes(router),
      interceptors: [
        (next) => (request) => {
          const sent = request.header.get("authorization");
          if (this.token !== undefined && sent !== `Bearer ${this.token}`) {
            throw new ConnectError("credentials are missing or wrong", Code.Unauthenticated);
          }
          return next(request);
        },
      ],
    });
    if (this.#tls === undefined) return createServer(handle);
    return createSecureServer(this.#tls, handle).on("secureConnection", (socket: TLSSocket) => {
      const subject = socket.getPeerCertificate().subject as { readonly CN?: string } | undefined;
      if (subject?.CN !== undefined) this.shown.push(subject.CN);
    });
  }

  stop(): Promise<void> {
    return this.#close();
  }

  /** Puts a workload there, or changes it, and tells the watchers. */
  put(init: StatusInit & { id: string }): WorkloadStatus {
    const status = create(WorkloadStatusSchema, {
      runtime: "process",
      desiredState: DesiredState.RUNNING,
      actualState: ActualState.RUNNING,
      revisionId: "1",
      observedRevisionId: "1",
      createdAt: 1_700_000_000n,
      generation: 1n,
      uid: `uid-${init.id}`,
    });
    Object.assign(status, this.workloads.get(init.id), init);
    this.workloads.set(init.id, status);
    this.#changed();
    return status;
  }

  remove(id: string): void {
    this.workloads.delete(id);
    this.#changed();
  }

  #changed(): void {
    for (const wake of this.#watchers) wake();
  }

  #found(id: string): WorkloadStatus {
    const status = this.workloads.get(id);
    if (status === undefined) throw new ConnectError(`workload not found: ${id}`, Code.NotFound);
    return status;
  }

  #routes(router: ConnectRouter): void {
    router.service(AgentService, {
      applyWorkload: (request) => this.#apply(request),
      deleteWorkload: ({ id }) => this.#delete(id),
      getWorkloadStatus: ({ id }) => ({ status: this.#found(id) }),
      getWorkload: ({ id }) => ({
        status: this.#found(id),
        spec: { spec: { case: "process", value: { command: ["/bin/true"] } } },
      }),
      listWorkloads: ({ states }) => ({
        workloads: [...this.workloads.values()]
          .filter((it) => states.length === 0 || states.includes(it.actualState))
          .toSorted((one, other) => one.id.localeCompare(other.id)),
      }),
      healthCheck: () => ({
        healthy: this.healthy,
        version: "9.9.9",
        nodeId: "node-1",
        store: "healthy",
        reasons: this.healthy ? [] : ["runtime process: unhealthy: it sleeps"],
        runtimeStatus: { process: this.healthy ? "healthy" : "unhealthy: it sleeps" },
        runtimeVersions: { process: "Linux 6.1" },
        workloadCounts: { running: this.workloads.size },
      }),
      whoAmI: () => ({
        identity: "spiffe://persys.local/ops",
        role: "operator",
        methods: ["ApplyWorkload", "WhoAmI"],
        workloads: { ids: ["web-*"], labels: { team: "blue" } },
      }),
      listActions: ({ workloadId, limit, status }) => ({
        actions: [
          ...(status === "denied"
            ? [deniedCalls, { ...deniedCalls, caller: "", address: "10.1.2.3" }]
            : []),
          {
            taskId: "apply-hello-1",
            workloadId: workloadId || "hello",
            actionType: "apply_workload",
            status: limit === 1 ? "failed" : "completed",
            createdAt: 1_700_000_000n,
            endedAt: 1_700_000_003n,
            caller: "dev",
          },
        ],
      }),
      watchWorkloads: (request, context) => this.#watch(request.id, context.signal),
      streamLogs: (request, context) => this.#logs(request.id, request.follow, context.signal),
      retryWorkload: ({ id }) => {
        const status = this.#found(id);
        if (status.actualState !== ActualState.FAILED) {
          return { accepted: false, message: "nothing to retry", status };
        }
        return { accepted: true, message: "tried again", status: this.#begin(id) };
      },
      explainWorkload: ({ id }) => ({
        status: this.#found(id),
        wanted: { revisionId: "1", specDigest: "v1:abc", desiredState: DesiredState.RUNNING },
        observed: [...this.observed],
        differences: ["the wanted revision is 2, revision 1 runs"],
        next: { step: "replace", cause: "revision 2 is wanted" },
        history: [
          {
            at: timestampFromMs(1_700_000_000_000),
            step: "start",
            cause: "nothing runs",
            outcome: "done",
          },
        ],
      }),
    });
  }

  #apply(request: ApplyWorkloadRequest) {
    const wrong = this.refusals.get(request.id);
    if (wrong !== undefined) {
      const detail = create(BadRequestSchema, { fieldViolations: wrong.map((it) => ({ ...it })) });
      throw new ConnectError("the request is not valid", Code.InvalidArgument, undefined, [
        { desc: BadRequestSchema, value: detail },
      ]);
    }
    this.#refuseDenied(request.id);
    if (request.spec === undefined) this.#found(request.id);
    const known = this.workloads.get(request.id);
    if (known?.revisionId === "taken" && request.revisionId === "taken") {
      throw new ConnectError("revision taken names another spec", Code.Aborted, undefined, [
        { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason: "REVISION_CONFLICT" }) },
      ]);
    }
    if (request.validateOnly) {
      this.validated.push(request);
      return { message: "valid" };
    }
    this.applied.push(request);
    const before = this.workloads.get(request.id);
    if (before?.revisionId === request.revisionId && before.desiredState === request.desiredState) {
      return { applied: true, skipped: true, message: "already applied", status: before };
    }
    const desiredState = request.desiredState || DesiredState.RUNNING;
    const generation = (before?.generation ?? 0n) + 1n;
    const { revisionId } = request.spec === undefined ? (before ?? request) : request;
    this.put({ id: request.id, revisionId, desiredState, generation });
    return { applied: true, message: "accepted", status: this.#begin(request.id) };
  }

  #refuseDenied(id: string): void {
    const denied = this.denials.get(id);
    if (denied === undefined) return;
    const value = create(PreconditionFailureSchema, {
      violations: denied.map((it) => ({ ...it })),
    });
    throw new ConnectError("the node's policy denies it", Code.FailedPrecondition, undefined, [
      { desc: PreconditionFailureSchema, value },
      { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason: "POLICY_DENIED" }) },
    ]);
  }

  /** PENDING now, then the states of the script. */
  #begin(id: string): WorkloadStatus {
    const desired = this.workloads.get(id)?.desiredState;
    const end = desired === DesiredState.STOPPED ? ActualState.STOPPED : ActualState.RUNNING;
    const script = this.scripts.get(id) ?? [{ actualState: end, message: "as wanted" }];
    script.forEach((step, index) => {
      setTimeout(
        () => {
          if (this.workloads.has(id)) this.put({ id, ...step });
        },
        this.stepMs * (index + 1),
      );
    });
    return this.put({ id, actualState: ActualState.PENDING, message: "starting" });
  }

  #delete(id: string) {
    const before = this.workloads.get(id);
    if (before === undefined)
      return { success: true, message: "workload not found: nothing to delete" };
    const status = this.put({
      id,
      desiredState: DesiredState.DELETED,
      actualState: ActualState.PENDING,
      message: "deleting",
    });
    if (!this.undying.has(id)) setTimeout(() => this.remove(id), this.stepMs);
    return { success: true, existed: true, message: "accepted", status };
  }

  async *#watch(id: string, signal: AbortSignal) {
    const sent = new Map<string, WorkloadStatus>();
    const all = () => [...this.workloads.values()].filter((it) => id === "" || it.id === id);
    const resumeToken = "t";
    for (const status of all()) {
      sent.set(status.id, status);
      yield { event: { case: "snapshot" as const, value: status }, resumeToken };
    }
    yield { event: { case: "synced" as const, value: { fresh: true } }, resumeToken };
    while (!signal.aborted) {
      for (const status of all()) {
        if (sent.get(status.id) === status) continue;
        sent.set(status.id, status);
        yield { event: { case: "changed" as const, value: status }, resumeToken };
      }
      for (const [gone, { uid }] of sent) {
        if (this.workloads.has(gone)) continue;
        sent.delete(gone);
        yield { event: { case: "deleted" as const, value: { id: gone, uid } }, resumeToken };
      }
      await this.#nextChange(signal);
    }
  }

  async *#logs(id: string, follow: boolean, signal: AbortSignal) {
    this.#found(id);
    if (this.silent.has(id)) throw new ConnectError("there are no logs", Code.NotFound);
    const bytes = (text: string) => new TextEncoder().encode(text);
    const when = this.logsHaveTimes ? { receivedAt: timestampFromMs(1_700_000_000_123) } : {};
    yield { stream: LogStream.STDOUT, data: bytes("one\ntw"), ...when };
    yield { stream: LogStream.STDERR, data: bytes("\u001b[31moops\u001b[0m\n"), ...when };
    yield { stream: LogStream.STDOUT, data: bytes("o\n"), ...when };
    for (let piece = 0; piece < this.logPieces; piece += 1) {
      yield { stream: LogStream.STDOUT, data: new Uint8Array(64 * 1024).fill(0x2e), ...when };
      this.sentPieces += 1;
    }
    if (!follow) return;
    while (!signal.aborted && this.workloads.has(id)) await this.#nextChange(signal);
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#watchers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
