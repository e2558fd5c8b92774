import type { Action } from "../domain/action.ts";
import {
  type ApplyDecision,
  type ApplyWish,
  decideApply,
  decideDelete,
  decideRetry,
} from "../domain/decide-apply.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import type { WorkloadStatus } from "../domain/workload-status.ts";
import { AgentError } from "../errors/agent-error.ts";
import type {
  ActionFilter,
  AgentApi,
  AgentHealth,
  ApplyRequest,
  ApplyResult,
  Caller,
  DeleteResult,
  Explanation,
  RetryResult,
  WatchEvent,
  WatchOptions,
  WorkloadFilter,
  WorkloadView,
} from "../ports/agent-api.ts";
import type { LogChunk, LogOptions } from "../ports/workload-runtime.ts";
import { admitApply } from "./admit-apply.ts";
import { agentHealth } from "./agent-health.ts";
import type { EngineState } from "./engine-state.ts";
import { explain, explainCorrupt } from "./explain.ts";
import { Lane } from "./lane.ts";
import { parseApply, parseId } from "./parse-apply.ts";
import type { RecordChange } from "./record-writer.ts";
import { RequestTurns } from "./request-turns.ts";
import { isMeant } from "./watch-hub.ts";
import { workloadLogs } from "./workload-logs.ts";

/** The driving port on an engine's state. Requests become durable changes of records; reads come from memory. */
export class AgentService implements AgentApi {
  readonly #state: EngineState;
  readonly #turns: RequestTurns = new RequestTurns();

  constructor(state: EngineState) {
    this.#state = state;
  }

  async apply(request: ApplyRequest, caller: Caller): Promise<ApplyResult> {
    const { context, lanes } = this.#running();
    const { hostJudge } = context;
    if (hostJudge === undefined) return this.#apply(request, caller);
    let note = "";
    const result = await this.#turns.run(
      request.id,
      () => this.#apply(request, caller),
      async () => {
        const known = lanes.get(request.id as WorkloadId)?.record;
        note = await admitApply(request, known, { ...context, hostJudge });
      },
    );
    return { ...result, message: `${result.message}${note}` };
  }

  async #apply(request: ApplyRequest, caller: Caller): Promise<ApplyResult> {
    const { context, lanes } = this.#running();
    const known = lanes.get(request.id as WorkloadId)?.record;
    const parsed = parseApply(request, known, context);
    this.#refuseQuarantined(parsed.id);
    const nowMs = context.clock.wallMs();
    const base = {
      uid: context.random.uid(),
      nowMs,
      revisionConflict: context.policy.revisionConflict,
      ...traceOf(caller),
    };
    if (request.validateOnly === true)
      return this.#validated(decideApply(known, { ...parsed, ...base, actionSeq: 0 }), known);
    const lane = this.#laneFor(parsed.id);
    let decision: ApplyDecision | undefined;
    await lane.request((record) => {
      // What was asked before and waited for the store may have changed what this request means.
      const asked = record === known ? parsed : parseApply(request, record, context);
      const decided = this.#decide(record, { ...asked, ...base }, caller);
      decision = decided.decision;
      return decided.change;
    });
    return applied(lane, decision);
  }

  remove(id: string, caller: Caller): Promise<DeleteResult> {
    return this.#turns.run(id, () => this.#remove(id, caller));
  }

  async #remove(id: string, caller: Caller): Promise<DeleteResult> {
    const { context, lanes } = this.#running();
    const workloadId = parseId(id);
    const standIn = this.#state.standInFor(workloadId);
    const lane = standIn === undefined ? lanes.get(workloadId) : this.#laneFor(workloadId);
    if (lane === undefined) return nothingToDelete(id);
    let existed = false;
    const change = await lane.request((stored) => {
      const record = stored ?? standIn;
      existed = record !== undefined;
      if (record === undefined) return undefined;
      const nowMs = context.clock.wallMs();
      const action = this.#newAction("delete_workload", record, caller);
      const next = decideDelete(record, { nowMs, actionSeq: action.seq, ...traceOf(caller) });
      return next === undefined ? undefined : this.#changeOf(record, next, action);
    });
    if (!existed) return nothingToDelete(id);
    const status = lane.status();
    const message =
      change === undefined ? "the deletion is already under way" : "deletion accepted";
    return { existed: true, message, ...(status === undefined ? {} : { status }) };
  }

  retry(id: string, caller: Caller): Promise<RetryResult> {
    return this.#turns.run(id, () => this.#retry(id, caller));
  }

  async #retry(id: string, caller: Caller): Promise<RetryResult> {
    const { context } = this.#running();
    const lane = this.#laneOf(id);
    const change = await lane.request((record) => {
      if (record === undefined) return undefined;
      const nowMs = context.clock.wallMs();
      const action = this.#newAction("retry_workload", record, caller);
      const next = decideRetry(record, { nowMs, actionSeq: action.seq, ...traceOf(caller) });
      return next === undefined ? undefined : this.#changeOf(record, next, action);
    });
    const status = lane.status();
    if (status === undefined) throw notFound(id);
    if (change === undefined)
      return { accepted: false, message: "nothing has failed: there is nothing to retry", status };
    return { accepted: true, message: "tried again now", status };
  }

  status(id: string): WorkloadStatus {
    this.#running();
    const workloadId = parseId(id);
    const quarantined = this.#state.quarantinedStatus(workloadId);
    const status = quarantined ?? this.#state.lanes.get(workloadId)?.status();
    if (status === undefined) throw notFound(id);
    return status;
  }

  get(id: string): WorkloadView {
    const status = this.status(id);
    const record = this.#state.lanes.get(status.id)?.record;
    if (record === undefined) return { status, spec: null };
    const runtime = this.#state.watches.get(record.type)?.runtime;
    const spec = runtime === undefined ? null : runtime.redactSpec(record.wanted.spec);
    return {
      status,
      spec,
      ...(record.fallback === undefined ? {} : { fallbackRevisionId: record.fallback.revisionId }),
    };
  }

  list(filter: WorkloadFilter): readonly WorkloadStatus[] {
    this.#running();
    return this.#state.statuses(filter).filter((it) => isMeant(it, filter));
  }

  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent> {
    if (options.id !== undefined) parseId(options.id);
    return this.#running().hub.watch(options, signal);
  }

  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogChunk> {
    const status = this.status(id);
    const runtime = this.#state.watches.get(status.type)?.runtime;
    if (runtime?.logs === undefined) {
      throw new AgentError("UNSUPPORTED", `workloads of type ${status.type} have no logs`, {
        fault: "user",
        effect: "none",
      });
    }
    const { id: workloadId } = status;
    const read = runtime.logs.bind(runtime, workloadId, options, signal);
    const changes = (): AsyncIterable<WatchEvent> => this.watch({ id }, signal);
    return workloadLogs({ read, changes, follow: options.follow });
  }

  actions(filter: ActionFilter): readonly Action[] {
    return this.#running().context.actionLog.select(filter);
  }

  explain(id: string): Explanation {
    const { context } = this.#running();
    const status = this.status(id);
    const lane = this.#state.lanes.get(status.id);
    if (lane?.record === undefined) return explainCorrupt(status);
    return explain(lane, lane.record, status, {
      policy: context.policy,
      nowMs: context.clock.wallMs(),
    });
  }

  health(): AgentHealth {
    return agentHealth(this.#state);
  }

  #running(): ReturnType<EngineState["running"]> {
    return this.#state.running();
  }

  #decide(
    record: WorkloadRecord | undefined,
    base: Omit<ApplyWish, "actionSeq">,
    caller: Caller,
  ): {
    readonly decision: ApplyDecision;
    readonly change:
      | { record: WorkloadRecord; actions: readonly (Action | undefined)[] }
      | undefined;
  } {
    const { context, lanes } = this.#running();
    if (record === undefined && lanes.size > context.policy.workloadsMax)
      throw tooMany(context.policy.workloadsMax);
    const trial = decideApply(record, { ...base, actionSeq: 0 });
    if (trial.kind === "refuse") throw trial.error;
    if (trial.kind === "skip") return { decision: trial, change: undefined };
    const action = {
      ...this.#newAction("apply_workload", trial.record, caller),
      generation: trial.record.generation,
    };
    const decision = decideApply(record, { ...base, actionSeq: action.seq });
    if (decision.kind !== "create" && decision.kind !== "change")
      return { decision, change: undefined };
    const revisionId = decision.record.next?.wanted.revisionId ?? decision.record.wanted.revisionId;
    const isQueued = record?.desired === "deleted";
    const superseded = this.#superseded(isQueued ? record.next?.actionSeq : record?.actionSeq);
    return {
      decision,
      change: {
        record: context.secrets.sealed(decision.record),
        actions: [superseded, { ...action, revisionId }],
      },
    };
  }

  #validated(decision: ApplyDecision, known: WorkloadRecord | undefined): ApplyResult {
    if (decision.kind === "refuse") throw decision.error;
    if (decision.kind === "skip")
      return {
        applied: false,
        skipped: true,
        message: `valid; ${decision.message}`,
        status: this.#state.statusOf(known),
      };
    return {
      applied: false,
      skipped: false,
      message: "valid; nothing was stored",
      status: this.#state.statusOf(decision.record),
    };
  }

  #newAction(type: Action["type"], record: WorkloadRecord, caller: Caller): Action {
    const { context } = this.#running();
    return context.actionLog.create({
      type,
      workloadId: record.id,
      generation: record.generation + 1,
      revisionId: record.wanted.revisionId,
      caller,
      nowMs: context.clock.wallMs(),
    });
  }

  /** The change of a delete or retry: what was asked for before, a creation that waits included, is replaced by it. */
  #changeOf(record: WorkloadRecord, next: WorkloadRecord, action: Action): RecordChange {
    const replaced = [this.#superseded(record.actionSeq), this.#superseded(record.next?.actionSeq)];
    const { generation } = next;
    return {
      record: this.#running().context.secrets.sealed({ ...next, actionSeq: action.seq }),
      actions: [...replaced, { ...action, generation }],
    };
  }

  #superseded(actionSeq: number | undefined): Action | undefined {
    const { context } = this.#running();
    const message = "replaced by a later request";
    return context.actionLog.moved(actionSeq, "failed", context.clock.wallMs(), message);
  }

  #laneFor(id: WorkloadId): Lane {
    const { lanes, context } = this.#running();
    const known = lanes.get(id);
    if (known !== undefined) return known;
    const lane = new Lane(id, context, undefined);
    lanes.set(id, lane);
    return lane;
  }

  #laneOf(id: string): Lane {
    const lane = this.#running().lanes.get(parseId(id));
    if (lane?.record === undefined) throw notFound(id);
    return lane;
  }

  #refuseQuarantined(id: WorkloadId): void {
    const why = this.#state.quarantined.get(id);
    if (why === undefined) return;
    const message = `the stored record of workload ${id} is corrupt (${why}): delete the workload, then apply it again`;
    throw new AgentError("RECORD_CORRUPT", message, { effect: "none", details: { id } });
  }
}

function applied(lane: Lane, decision: ApplyDecision | undefined): ApplyResult {
  const status = lane.status();
  if (status === undefined) throw notFound(lane.id);
  if (decision === undefined || decision.kind === "refuse" || decision.kind === "skip") {
    const message = decision?.kind === "skip" ? decision.message : "nothing to do";
    return { applied: false, skipped: true, message, status };
  }
  const { message } = decision;
  return { applied: true, skipped: false, message, status: { ...status, actual: "pending" } };
}

function nothingToDelete(id: string): DeleteResult {
  return { existed: false, message: `workload not found: ${id}; there is nothing to delete` };
}

function traceOf(caller: Caller): { readonly traceparent?: string } {
  return caller.traceparent === undefined ? {} : { traceparent: caller.traceparent };
}

function notFound(id: string): AgentError {
  return new AgentError("NOT_FOUND", `workload not found: ${id}`, {
    fault: "user",
    effect: "none",
    details: { id },
  });
}

function tooMany(workloadsMax: number): AgentError {
  return new AgentError("LIMIT_EXCEEDED", `this node takes at most ${workloadsMax} workloads`, {
    fault: "user",
    effect: "none",
    details: { workloadsMax },
  });
}
