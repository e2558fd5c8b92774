import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { describe, expect, it } from "vitest";
import type { AgentClient } from "@persys/client";
import { createNodeAgentClient } from "@persys/client/node";
import { type MetricRow, metricTable, shownName } from "../../src/telemetry/metric-table.ts";
import { AgentProcess } from "../support/agent-process.ts";
import { type Sample, samplesOf } from "../support/metrics-page.ts";
import { applyOf, type ShellWorkload, stateName } from "../support/node-under-test.ts";

/** A label of calls that failed by the agent's own fault, of which there are none here. */
const rarely = "error_type";

interface Life {
  readonly agent: AgentProcess;
  readonly client: AgentClient;
  readonly page: () => Promise<string>;
}

/** An agent that speaks TLS, and that no event reaches. */
async function begun(): Promise<Life> {
  const agent = AgentProcess.start({
    env: {
      PERSYS_TLS_ENABLED: "true",
      PERSYS_SETTLE_TIME: "300ms",
      PERSYS_BACKOFF_BASE: "100ms",
      PERSYS_PROCESS_USERS: userInfo().username,
      PERSYS_EVENTS_ENABLED: "false",
      PERSYS_RECONCILE_INTERVAL: "1s",
    },
  });
  const { http, metrics } = await agent.waitReady();
  const ca = readFileSync(`${agent.devDir}/certs/ca.pem`, "utf8");
  const client = createNodeAgentClient({ baseUrl: http, token: agent.token(), tls: { ca } });
  return { agent, client, page: async () => (await fetch(`${metrics}/metrics`)).text() };
}

async function applied(client: AgentClient, id: string, what: ShellWorkload): Promise<void> {
  await client.applyWorkload({ ...applyOf(id, what), wait: true });
}

async function becomes(client: AgentClient, id: string, state: string): Promise<void> {
  const now = async (): Promise<string> => {
    const { workloads } = await client.listWorkloads({});
    const found = workloads.find((one) => one.id === id);
    return found === undefined ? "absent" : stateName(found.actualState);
  };
  await expect.poll(now, { timeout: 20_000, interval: 50 }).toBe(state);
}

/** Workloads come, change, fail, end by themselves and go; calls fail, are refused and denied. */
async function live({ agent, client }: Life): Promise<void> {
  await applied(client, "web", { script: "exec sleep 600", revisionId: "r1" });
  await applied(client, "web", { script: "exec sleep 601", revisionId: "r2" });
  const pid = async (): Promise<number> => {
    const { status } = await client.getWorkloadStatus({ id: "web" });
    return Number(status?.metadata["process.pid"] ?? 0);
  };
  const first = await pid();
  // At rest: from then on nothing but the list can show what ends.
  await expect
    .poll(async () => (await client.explainWorkload({ id: "web" })).next?.step, {
      timeout: 10_000,
    })
    .toBe("settled");
  process.kill(first, "SIGKILL");
  await expect.poll(pid, { timeout: 20_000 }).not.toBe(first);
  await becomes(client, "web", "RUNNING");
  await client.applyWorkload({
    id: "broken",
    spec: { spec: { case: "process", value: { command: ["/no/such/program"] } } },
  });
  await becomes(client, "broken", "FAILED");
  await expect(
    client.applyWorkload({
      id: "denied",
      spec: { spec: { case: "process", value: { command: ["true"], user: "daemon" } } },
    }),
  ).rejects.toThrow();
  await expect(client.getWorkload({ id: "nobody" })).rejects.toThrow();
  const { http } = agent.endpoints();
  const ca = readFileSync(`${agent.devDir}/certs/ca.pem`, "utf8");
  const stranger = createNodeAgentClient({ baseUrl: http, token: "wrong", tls: { ca } });
  await expect(stranger.listWorkloads({})).rejects.toThrow();
  for (const id of ["web", "broken"]) await client.deleteWorkload({ id });
  for (const id of ["web", "broken"]) await becomes(client, id, "absent");
}

function samplesOfRow(row: MetricRow, samples: readonly Sample[]): readonly Sample[] {
  const name = row.kind === "histogram" ? `${shownName(row)}_count` : shownName(row);
  return samples.filter((sample) => sample.name === name);
}

function total(row: MetricRow, samples: readonly Sample[]): number {
  return samplesOfRow(row, samples).reduce((sum, { value }) => sum + value, 0);
}

describe("the metrics of a life of workloads", () => {
  it("move, every one of them, with the labels that are documented and no others", async () => {
    const life = await begun();
    const before = samplesOf(await life.page());
    await live(life);
    await expect
      .poll(async () => total(rowOf("convergence_lag_seconds"), samplesOf(await life.page())), {
        timeout: 10_000,
      })
      .toBeGreaterThan(0);
    const after = samplesOf(await life.page());

    const still = metricTable.filter((one) =>
      one.kind === "gauge"
        ? samplesOfRow(one, after).length === 0
        : total(one, after) <= total(one, before),
    );
    expect(still.map(({ name }) => name)).toEqual([]);
    const labels = metricTable.map((one) => [one.name, labelsIn(samplesOfRow(one, after))]);
    expect(labels).toEqual(metricTable.map((one) => [one.name, documented(one)]));
    const known = new Set(metricTable.map(shownName));
    const names = new Set(after.map(({ name }) => name.replace(/_(?:bucket|sum|count)$/, "")));
    const undescribed = [...names].filter(
      (name) => !known.has(name) && !known.has(`${name}_count`),
    );
    expect(undescribed).toEqual([]);
    // No id of anything has become part of a label.
    const values = after.flatMap((sample) => [...sample.labels.values()]);
    expect(values.filter((value) => /web|broken|nobody|denied/.test(value))).toEqual([]);
    const up = after.find(({ name }) => name === "persys_agent_runtime_health_status");
    expect([up?.labels.get("runtime_type"), up?.value]).toEqual(["process", 1]);
  });
});

function rowOf(name: string): MetricRow {
  const found = metricTable.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no row for ${name}`);
  return found;
}

function documented({ labels = [] }: MetricRow): readonly string[] {
  const names = labels.map((label) => label.replaceAll(".", "_"));
  return names.filter((name) => name !== rarely).toSorted();
}

function labelsIn(samples: readonly Sample[]): readonly string[] {
  const names = new Set(samples.flatMap((sample) => [...sample.labels.keys()]));
  return [...names].filter((name) => name !== rarely).toSorted();
}
