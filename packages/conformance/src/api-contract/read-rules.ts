import { Code, ConnectError } from "@connectrpc/connect";
import { ActualState, type WorkloadStatus } from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { plain, textOf } from "./call-log.ts";
import { demand, refusal, same } from "./judge.ts";

/** What is read, and that reading changes nothing. */
export const readRules: readonly ApiRule[] = [
  {
    id: "original-methods-answer",
    clause: "API-060",
    level: "MUST",
    title: "the six methods of the contract as it first was answer",
    async check(stage) {
      const id = await stage.applied("a");
      await stage.status(id);
      const { workloads } = await stage.client.listWorkloads({});
      demand(
        workloads.some((one) => one.id === id),
        "what was applied is listed",
      );
      await stage.client.healthCheck({});
      await stage.client.listActions({});
      await stage.client.deleteWorkload({ id });
    },
  },
  {
    id: "added-methods-answer",
    clause: "API-061",
    level: "SHOULD",
    title: "the methods that were added answer",
    async check(stage) {
      const id = await stage.applied("a");
      await stage.client.getWorkload({ id });
      await stage.client.explainWorkload({ id });
      await stage.client.retryWorkload({ id });
      for await (const { event } of stage.watch({ id })) if (event.case === "synced") break;
    },
  },
  {
    id: "reads-change-nothing",
    clause: "API-062",
    level: "MUST",
    title: "reads change nothing, however often they come",
    async check(stage) {
      const id = await stage.applied("a");
      await stage.reaches(id, ActualState.RUNNING);
      const before = fixedParts(await stage.status(id));
      const history = textOf(await stage.client.listActions({ workloadId: id }));

      for (let again = 0; again < 10; again += 1) await readEverything(stage, id);

      same(fixedParts(await stage.status(id)), before, "the status is as it was");
      same(
        textOf(await stage.client.listActions({ workloadId: id })),
        history,
        "so is the history",
      );
    },
  },
  {
    id: "unknown-is-not-found",
    clause: "API-063",
    level: "MUST",
    title: "an unknown id is NOT_FOUND, in the words that existing clients look for",
    async check(stage) {
      const id = stage.id("nobody");
      const ofStatus = await refusal(stage.client.getWorkloadStatus({ id }), Code.NotFound);
      demand(ofStatus.rawMessage.includes("status not found"), "a status is not found", {
        message: ofStatus.rawMessage,
      });
      for (const call of [
        () => stage.client.getWorkload({ id }),
        () => stage.client.explainWorkload({ id }),
        () => stage.client.retryWorkload({ id }),
      ]) {
        const { code, rawMessage } = await refusal(call(), [Code.NotFound, Code.Unimplemented]);
        if (code === Code.NotFound)
          demand(rawMessage.includes("workload not found"), "a workload is not found", {
            message: rawMessage,
          });
      }
    },
  },
  {
    id: "spec-comes-back",
    clause: "API-064",
    level: "MUST",
    title: "GetWorkload answers with the spec of the wanted revision",
    needs: "GetWorkload",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r1" });
      await stage.apply(id, { spec: stage.workloads.longRunning(2), revisionId: "r2" });

      const { spec, status } = await stage.client.getWorkload({ id });

      same(status?.id, id, "it names the workload");
      const sent = plain(stage.workloads.longRunning(2));
      demand(covers(plain(spec), sent), "it is the spec of the wanted revision", { sent, spec });
    },
  },
  {
    id: "secrets-are-redacted",
    clause: "API-065",
    level: "MUST",
    title: "a secret of a spec appears in no answer, nor in an error about it",
    async check(stage) {
      const { withSecret } = stage.workloads;
      if (withSecret === undefined) return stage.unjudged("no spec with a secret is known");
      const secret = `hush-${stage.random.uid()}`;
      const id = stage.id("a");
      const answer = await stage.apply(id, { spec: withSecret(secret), revisionId: "r1" });
      const seen = [textOf(answer), ...(await readEverything(stage, id))];
      const conflict = stage.apply(id, { spec: withSecret(`${secret}2`), revisionId: "r1" });
      seen.push((await refusal(conflict, Code.Aborted)).message);
      for (const text of seen)
        demand(
          !text.includes(secret),
          "the secret is nowhere",
          text.replaceAll(secret, "<SECRET>"),
        );
    },
  },
  {
    id: "moments-are-seconds",
    clause: "API-066",
    level: "MUST",
    title: "moments are Unix seconds, and none is before the creation",
    async check(stage) {
      const id = await stage.applied("a");
      const status = await stage.reaches(id, ActualState.RUNNING);
      const nowSeconds = BigInt(Math.floor(Date.now() / 1000));
      const { createdAt, updatedAt, lastTransitionAt, observedAt } = status;
      for (const moment of [createdAt, updatedAt, lastTransitionAt, observedAt]) {
        // Clocks of two machines may differ by an hour at most; milliseconds would be off by decades.
        const isNear = moment > nowSeconds - 3600n && moment < nowSeconds + 3600n;
        demand(isNear, "it is a moment of now, in seconds", { moment, nowSeconds });
      }
      demand(updatedAt >= createdAt, "nothing was updated before it was created", status);
    },
  },
  {
    id: "status-never-goes-back",
    clause: "API-067",
    level: "MUST",
    title: "generation and observation of a workload never go back, whoever reads them",
    async check(stage) {
      const id = await stage.applied("a", { revisionId: "r0" });
      const last: [bigint, bigint, bigint] = [0n, 0n, 0n];
      const look = async (): Promise<void> => {
        const status = await stage.status(id);
        const { generation, observedEpoch, observedSequence } = status;
        const isLater =
          observedEpoch > last[1] || (observedEpoch === last[1] && observedSequence >= last[2]);
        demand(generation >= last[0] && isLater, "it never goes back", { last, status });
        last.splice(0, 3, generation, observedEpoch, observedSequence);
      };
      for (let at = 1; at <= 4; at += 1) {
        await stage.apply(id, { spec: stage.workloads.longRunning(at), revisionId: `r${at}` });
        for (let again = 0; again < 5; again += 1) await look();
      }
      await stage.until("the last one runs", async () => {
        await look();
        const { actualState } = await stage.status(id);
        return [actualState === ActualState.RUNNING ? true : undefined, actualState];
      });
    },
  },
  {
    id: "health-tells",
    clause: "API-068",
    level: "MUST",
    title: "health names version, runtimes and store, and its numbers are within their bounds",
    async check(stage) {
      const health = await stage.client.healthCheck({});
      demand(health.version !== "", "it names a version", health);
      const said = health.runtimeStatus[stage.workloads.runtime];
      demand(said !== undefined, `it names the runtime ${stage.workloads.runtime}`, health);
      for (const text of Object.values(health.runtimeStatus))
        demand(/^(?:healthy|unhealthy: .+)$/s.test(text), "`healthy` or `unhealthy: …`", text);
      for (const percent of [
        health.memoryUtilization,
        health.cpuUtilization,
        health.diskUtilization,
      ])
        demand(percent >= 0 && percent <= 100, "utilization is from 0 to 100", percent);
    },
  },
  {
    id: "health-of-the-node",
    clause: "API-069",
    level: "SHOULD",
    title: "health names the node and counts the workloads",
    async check(stage) {
      await stage.applied("a");
      const { nodeId, workloadCounts, healthy, reasons } = await stage.client.healthCheck({});
      demand(nodeId !== "", "it names the node");
      const sum = Object.values(workloadCounts).reduce((total, one) => total + one, 0);
      demand(sum >= 1, "what was applied is counted", workloadCounts);
      same(healthy, reasons.length === 0, "reasons are given exactly when it is not healthy");
    },
  },
];

/** What only a request or the workload itself changes. */
function fixedParts(status: WorkloadStatus): unknown {
  const { id, uid, revisionId, generation, desiredState, actualState, restarts } = status;
  return { id, uid, revisionId, generation, desiredState, actualState, restarts };
}

/** Whether all that was sent is in what was seen. What is redacted may have been anything. */
function covers(seen: unknown, sent: unknown): boolean {
  if (typeof sent !== "object" || sent === null) return seen === sent || seen === "<redacted>";
  if (typeof seen !== "object" || seen === null) return seen === "<redacted>";
  const members = new Map(Object.entries(seen));
  return Object.entries(sent).every(([name, one]) => covers(members.get(name), one));
}

/** Every read about a workload, as text. */
async function readEverything(stage: ApiStage, id: string): Promise<readonly string[]> {
  const { client } = stage;
  const answers = [
    await client.getWorkloadStatus({ id }),
    await client.listWorkloads({}),
    await client.healthCheck({}),
    await client.listActions({ workloadId: id }),
    await unlessMissing(client.getWorkload({ id })),
    await unlessMissing(client.explainWorkload({ id })),
  ];
  return answers.map((one) => JSON.stringify(one, bigintsAsText));
}

function bigintsAsText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.Unimplemented) return undefined;
    throw error;
  }
}
