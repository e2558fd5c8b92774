import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ActualState, DesiredState, WorkloadFailureSchema } from "../src/contract.ts";
import { waitUntilGone, waitUntilSettled } from "../src/index.ts";
import { event, statusOf, watchedClient } from "./scripted-agent.ts";

const pending = statusOf(ActualState.PENDING);
const running = statusOf(ActualState.RUNNING);
const retried = statusOf(ActualState.FAILED, {
  failure: create(WorkloadFailureSchema, { retryable: true }),
});
const failed = statusOf(ActualState.FAILED, { failure: create(WorkloadFailureSchema, {}) });
const start = [event.snapshot(pending), event.synced(true)];
const cut = new ConnectError("the agent goes", Code.Unavailable);

describe("waitUntilSettled", () => {
  it.each([
    ["RUNNING", running, "settled"],
    ["STOPPED", statusOf(ActualState.STOPPED), "settled"],
    ["FAILED for good", failed, "failed"],
  ])("ends at %s", async (_, status, kind) => {
    const { client } = watchedClient({ events: [...start, event.changed(status)], ends: "stay" });

    expect(await waitUntilSettled(client, "web")).toMatchObject({
      kind,
      status: { actualState: status.actualState },
    });
  });

  it("ends at once where it is already so", async () => {
    const { client } = watchedClient({ events: [event.snapshot(running)], ends: "stay" });

    expect(await waitUntilSettled(client, "web")).toMatchObject({ kind: "settled" });
  });

  it("goes on through UNKNOWN and a failure that is tried again, telling of each", async () => {
    const events = [
      ...start,
      event.changed(statusOf(ActualState.UNKNOWN)),
      event.changed(retried),
      event.changed(running),
    ];
    const { client } = watchedClient({ events, ends: "stay" });
    const seen: ActualState[] = [];

    const outcome = await waitUntilSettled(client, "web", {
      onStatus: ({ actualState }) => void seen.push(actualState),
    });

    expect(outcome.kind).toBe("settled");
    expect(seen).toEqual([
      ActualState.PENDING,
      ActualState.UNKNOWN,
      ActualState.FAILED,
      ActualState.RUNNING,
    ]);
  });

  it("passes over what is older than the request", async () => {
    const later = { generation: 2n };
    const events = [
      event.snapshot(running),
      event.synced(true),
      event.changed(statusOf(ActualState.STOPPED, later)),
    ];
    const { client } = watchedClient({ events, ends: "stay" });

    const outcome = await waitUntilSettled(client, "web", {
      since: statusOf(ActualState.PENDING, later),
    });

    expect(outcome).toMatchObject({
      kind: "settled",
      status: { actualState: ActualState.STOPPED },
    });
  });

  it("waits for the next creation where the apply came during a deletion", async () => {
    const deleting = statusOf(ActualState.PENDING, {
      generation: 2n,
      desiredState: DesiredState.DELETED,
    });
    const next = statusOf(ActualState.RUNNING, { uid: "u2", generation: 2n });
    const events = [
      event.snapshot(deleting),
      event.synced(true),
      event.deleted("u1"),
      event.changed(next),
    ];
    const { client } = watchedClient({ events, ends: "stay" });

    expect(await waitUntilSettled(client, "web", { since: deleting })).toMatchObject({
      kind: "settled",
      status: { uid: "u2" },
    });
  });

  it("ends when the workload is deleted, or was never there", async () => {
    const deleted = watchedClient({ events: [...start, event.deleted("u1")], ends: "stay" });
    const never = watchedClient({ events: [event.synced(true)], ends: "stay" });

    expect(await waitUntilSettled(deleted.client, "web")).toEqual({ kind: "gone" });
    expect(await waitUntilSettled(never.client, "web")).toEqual({ kind: "gone" });
  });

  it("ends with the last status when its time is over, and lets go of the watch", async () => {
    const { client, openWatches } = watchedClient({ events: start, ends: "stay" });

    expect(await waitUntilSettled(client, "web", { timeoutMs: 50 })).toMatchObject({
      kind: "timedOut",
      status: { actualState: ActualState.PENDING },
    });
    expect(openWatches()).toBe(0);
  });

  it("throws the reason of its signal", async () => {
    const { client } = watchedClient({ events: start, ends: "stay" });
    const user = new AbortController();
    const waiting = waitUntilSettled(client, "web", {
      signal: user.signal,
      onStatus: () => user.abort(new Error("enough")),
    });

    await expect(waiting).rejects.toThrow("enough");
  });

  it("survives a restart of the agent, resuming where it was", async () => {
    const { client, requests } = watchedClient(
      { events: [...start, event.changed(pending, "last")], ends: cut },
      { events: [event.changed(running)], ends: "stay" },
    );
    const interruptions: number[] = [];

    const outcome = await waitUntilSettled(client, "web", {
      onInterrupted: (_, retryInMs) => void interruptions.push(retryInMs),
    });

    expect(outcome.kind).toBe("settled");
    expect(requests.map(({ resumeToken }) => resumeToken)).toEqual(["", "last"]);
    expect(interruptions).toEqual([200]);
  });

  it("takes a fresh snapshot without the workload for its end", async () => {
    const { client } = watchedClient(
      { events: [...start, event.changed(pending)], ends: cut },
      { events: [event.synced(true)], ends: "stay" },
    );

    expect(await waitUntilSettled(client, "web")).toEqual({ kind: "gone" });
  });

  it("throws what the first connection meets", async () => {
    const { client, requests } = watchedClient({ events: [], ends: cut });

    await expect(waitUntilSettled(client, "web")).rejects.toMatchObject({ code: Code.Unavailable });
    expect(requests).toHaveLength(1);
  });

  it("throws what time does not cure, also later", async () => {
    const { client } = watchedClient(
      { events: start, ends: cut },
      { events: [], ends: new ConnectError("no longer", Code.PermissionDenied) },
    );

    await expect(waitUntilSettled(client, "web")).rejects.toMatchObject({
      code: Code.PermissionDenied,
    });
  });
});

describe("waitUntilGone", () => {
  it("goes on whatever the state until the workload is deleted", async () => {
    const { client } = watchedClient({
      events: [...start, event.changed(failed), event.deleted("u1")],
      ends: "stay",
    });

    expect(await waitUntilGone(client, "web")).toEqual({ kind: "gone" });
  });

  it("takes another creation under the same id for its end", async () => {
    const { client } = watchedClient({
      events: [...start, event.changed(statusOf(ActualState.PENDING, { uid: "u2" }))],
      ends: "stay",
    });

    expect(await waitUntilGone(client, "web", { uid: "u1" })).toEqual({ kind: "gone" });
  });
});
