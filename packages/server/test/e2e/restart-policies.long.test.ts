import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { NodeUnderTest, type ShellWorkload } from "../support/node-under-test.ts";

const always = ["", "always", "unless-stopped"] as const;
const restarting = [...always, "on-failure"] as const;

/** The id of the one workload under a policy: all the policies of a case are tried on one agent, at the same time. */
function jobOf(policy: string): string {
  return `job-${policy}`.replace(/-$/, "");
}

/** Polls for as long as a busy machine may take. */
const slowly = { timeout: 20_000 } as const;

/** A script that notes each of its runs in a file and ends. */
function noted(file: string, rest: string): string {
  return `echo run >> ${file}; ${rest}`;
}

function parentOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
}

describe("restart policies", () => {
  it("start a process that ends with 0 again: '', 'always', 'unless-stopped'", async () => {
    const node = await NodeUnderTest.start();

    await inEach(always, async (policy, id) => {
      await node.apply(id, { script: noted(node.file(id), "sleep 0.2"), policy });
      const runs = (): number => node.lines(id).length;
      await expect.poll(runs, { ...slowly, message: policy }).toBeGreaterThan(3);
    });
  });

  it("take a process that ends with 0 for completed, for good: 'no', 'on-failure'", async () => {
    const node = await NodeUnderTest.start();
    const once = ["no", "on-failure"];
    const specOf = (policy: string, id: string): ShellWorkload => ({
      script: noted(node.file(id), "exit 0"),
      policy,
    });

    await inEach(once, async (policy, id) => {
      await node.apply(id, specOf(policy, id));
      await node.reaches(id, "STOPPED");
    });
    await node.restart("SIGKILL");

    await inEach(once, async (policy, id) => {
      expect((await node.status(id)).message, policy).toContain("completed");
      expect((await node.apply(id, specOf(policy, id))).skipped, policy).toBe(true);
      expect(node.lines(id), policy).toEqual(["run"]);
    });
  });

  it("under the policy 'no' an exit of 1 is a failure that is left, until a retry", async () => {
    const node = await NodeUnderTest.start();

    await node.apply("job", { script: noted(node.file("runs"), "exit 1"), policy: "no" });
    await node.reaches("job", "FAILED");
    await node.restart("SIGTERM");

    const { failure, metadata } = await node.status("job");
    expect(failure).toMatchObject({ retryable: false });
    expect(metadata["exit"]).toBe("code 1");
    expect(node.lines("runs")).toEqual(["run"]);
    expect((await node.client.retryWorkload({ id: "job" })).accepted).toBe(true);
    await expect.poll(() => node.lines("runs").length).toBe(2);
    await node.reaches("job", "FAILED");
  });

  it("under the policy 'no' an end nobody can tell of is a failure and never a rerun", async () => {
    const node = await NodeUnderTest.start();
    await node.apply("job", { script: noted(node.file("runs"), "exec sleep 600"), policy: "no" });
    await node.reaches("job", "RUNNING");
    const pid = await node.pid("job");
    const supervisor = parentOf(pid);

    await node.agent.kill("SIGKILL");
    process.kill(supervisor, "SIGKILL");
    process.kill(pid, "SIGKILL");
    await node.restart("SIGKILL");

    await node.reaches("job", "FAILED");
    expect((await node.status("job")).failure).toMatchObject({ retryable: false });
    expect(node.lines("runs")).toEqual(["run"]);
  });

  it("but 'no' take an end nobody can tell of for no success: it is started again", async () => {
    const node = await NodeUnderTest.start();

    await inEach(restarting, async (policy, id) => {
      await node.apply(id, { script: noted(node.file(id), "exec sleep 600"), policy });
      await node.reaches(id, "RUNNING");
      const pid = await node.pid(id);

      process.kill(parentOf(pid), "SIGKILL");
      process.kill(pid, "SIGKILL");

      const runs = (): number => node.lines(id).length;
      await expect.poll(runs, { ...slowly, message: policy }).toBe(2);
      await node.reaches(id, "RUNNING");
      expect(await node.pid(id), policy).not.toBe(pid);
    });
  });

  it("under the policy 'on-failure' with a count the restarts end when they are used up", async () => {
    const node = await NodeUnderTest.start();

    await node.apply("job", {
      script: noted(node.file("runs"), "exit 3"),
      policy: "on-failure",
      maxRetryCount: 2,
    });

    await expect
      .poll(async () => (await node.status("job")).failure?.retryable, { timeout: 20_000 })
      .toBe(false);
    expect(node.lines("runs").length).toBe(3);
    expect((await node.status("job")).message).toContain("2 restarts");
  });

  it("but 'no' let a crash loop fail, retryable, with a growing delay that survives the agent", async () => {
    const node = await NodeUnderTest.start({ PERSYS_BACKOFF_BASE: "2s" });
    const attempts = async (id: string): Promise<number> =>
      (await node.status(id)).failure?.attempts ?? 0;

    await inEach(restarting, async (policy, id) => {
      await node.apply(id, { script: noted(node.file(id), "exit 1"), policy });
      await expect.poll(() => attempts(id), { ...slowly, message: policy }).toBeGreaterThan(2);
    });
    const before = new Map(restarting.map(jobOf).map((id) => [id, node.lines(id).length]));
    await node.restart("SIGKILL");

    await inEach(restarting, async (policy, id) => {
      const { failure, actualState } = await node.status(id);
      expect(actualState, policy).toBe(4);
      expect(failure?.retryable, policy).toBe(true);
      expect(failure?.attempts, policy).toBeGreaterThan(2);
      expect(node.lines(id).length, policy).toBeLessThanOrEqual((before.get(id) ?? 0) + 1);
    });
  });
});

/** Does the same with each policy and its job, all at the same time. */
async function inEach(
  policies: readonly string[],
  act: (policy: string, id: string) => Promise<void>,
): Promise<void> {
  await Promise.all(policies.map((policy) => act(policy, jobOf(policy))));
}
