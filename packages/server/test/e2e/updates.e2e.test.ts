import { explainError } from "@persys/client";
import { describe, expect, it } from "vitest";
import { applyOf, NodeUnderTest, stateName } from "../support/node-under-test.ts";

/** Each test has a workload of its own there. */
const node = await NodeUnderTest.ofFile();

const serve = "exec sleep 600";
/** Takes a while to end when asked to. */
const slowToEnd = "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done";

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "OK",
    (error: unknown) => explainError(error).code,
  );
}

async function running(id: string, script = serve): Promise<number> {
  await node.apply(id, { script, revisionId: "r1" });
  await node.reaches(id, "RUNNING");
  return node.pid(id);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("applying again", () => {
  it("skips the same revision and keeps its process", async () => {
    const web = node.newId("web");
    const pid = await running(web);

    const again = await node.apply(web, { script: serve, revisionId: "r1" });

    expect(again).toMatchObject({ applied: false, skipped: true });
    expect(await node.pid(web)).toBe(pid);
  });

  it("refuses another spec under a known revision id and changes nothing", async () => {
    const web = node.newId("web");
    const pid = await running(web);

    expect(await codeOf(node.apply(web, { script: "exec sleep 500", revisionId: "r1" }))).toBe(
      "aborted",
    );
    expect(await node.pid(web)).toBe(pid);
    expect(await node.state(web)).toBe("RUNNING");
  });

  it("refuses another type under the id", async () => {
    const web = node.newId("web");
    await running(web);

    const container = {
      id: web,
      spec: { spec: { case: "container" as const, value: { image: "busybox" } } },
    };

    expect(await codeOf(node.client.applyWorkload(container))).toBe("failed_precondition");
    expect(await node.state(web)).toBe("RUNNING");
  });
});

describe("an update", () => {
  it("runs the new revision and leaves nothing of the old one", async () => {
    const web = node.newId("web");
    const old = await running(web);

    const answer = await node.apply(web, { script: serve, revisionId: "r2", env: { NEW: "1" } });
    await node.reaches(web, "RUNNING");

    expect(stateName(answer.status?.actualState ?? 0)).toBe("PENDING");
    const status = await node.status(web);
    expect([status.revisionId, status.observedRevisionId]).toEqual(["r2", "r2"]);
    expect(isAlive(old)).toBe(false);
  });

  it("whose command does not exist leaves the old revision running, and heals it when it is killed", async () => {
    const web = node.newId("web");
    const old = await running(web);

    const request = applyOf(web, { script: serve, revisionId: "r2" });
    if (request.spec?.spec.case === "process")
      request.spec.spec.value.command = ["/no/such/command"];
    await node.client.applyWorkload(request);
    await node.reaches(web, "FAILED");

    expect(await node.pid(web)).toBe(old);
    expect((await node.status(web)).observedRevisionId).toBe("r1");
    process.kill(old, "SIGKILL");
    await expect
      .poll(async () => isAlive(await node.pid(web)) && (await node.pid(web)) !== old)
      .toBe(true);
    expect((await node.status(web)).observedRevisionId).toBe("r1");
  });

  it("that starts and then crashes gives way to the old revision, which is healed when it is killed", async () => {
    const web = node.newId("web");
    await running(web);

    await node.apply(web, { script: "sleep 0.1; exit 1", revisionId: "r2" });
    await expect
      .poll(async () => (await node.status(web)).failure?.retryable, { timeout: 20_000 })
      .toBe(false);
    await expect.poll(async () => (await node.status(web)).observedRevisionId).toBe("r1");

    const status = await node.status(web);
    expect(stateName(status.actualState)).toBe("FAILED");
    expect(status.message).toMatch(/r2.*r1/);
    const restored = await node.pid(web);
    process.kill(restored, "SIGKILL");
    await expect
      .poll(async () => isAlive(await node.pid(web)) && (await node.pid(web)) !== restored)
      .toBe(true);
    expect((await node.status(web)).observedRevisionId).toBe("r1");
  });

  it("is called off by a delete, which leaves nothing", async () => {
    const web = node.newId("web");
    const old = await running(web, slowToEnd);

    await node.apply(web, { script: serve, revisionId: "r2" });
    const answer = await node.client.deleteWorkload({ id: web });
    await node.reaches(web, "absent");

    expect(answer.success).toBe(true);
    expect(isAlive(old)).toBe(false);
  });
});

describe("requests in quick succession", () => {
  it("a stop during a start ends stopped", async () => {
    const web = node.newId("web");

    await node.apply(web, {
      script: `echo run >> ${node.file(web)}; ${serve}`,
      revisionId: "r1",
    });
    await node.apply(web, {
      script: `echo run >> ${node.file(web)}; ${serve}`,
      revisionId: "r1",
      desired: "stopped",
    });
    await node.reaches(web, "STOPPED");

    expect(await node.pid(web)).toBe(0);
    await node.client.applyWorkload({ id: web, desiredState: 1 });
    await node.reaches(web, "RUNNING");
  });

  it("an apply during a delete runs as a new creation once the deletion has finished", async () => {
    const web = node.newId("web");
    const old = await running(web, slowToEnd);
    const { uid } = await node.status(web);

    await node.client.deleteWorkload({ id: web });
    const answer = await node.apply(web, { script: serve, revisionId: "r9" });
    expect(answer).toMatchObject({ applied: true, skipped: false });
    await node.reaches(web, "RUNNING");

    const status = await node.status(web);
    expect(status.uid).not.toBe(uid);
    expect(status.observedRevisionId).toBe("r9");
    expect(isAlive(old)).toBe(false);
  });

  it("of many applies the last one wins", async () => {
    const web = node.newId("web");

    for (let i = 1; i <= 8; i += 1)
      await node.apply(web, { script: serve, revisionId: `r${i}`, env: { N: `${i}` } });
    await node.reaches(web, "RUNNING");

    expect((await node.status(web)).observedRevisionId).toBe("r8");
  });
});

describe("a delete", () => {
  it("of an unknown id succeeds and says so", async () => {
    const answer = await node.client.deleteWorkload({ id: "nobody" });

    expect(answer.success).toBe(true);
    expect(answer.message).toContain("not found");
  });
});
