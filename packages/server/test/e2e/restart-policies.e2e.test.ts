import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { NodeUnderTest } from "../support/node-under-test.ts";

const always = ["", "always", "unless-stopped"] as const;

/** A script that notes each of its runs in a file and ends. */
function noted(file: string, rest: string): string {
  return `echo run >> ${file}; ${rest}`;
}

function parentOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
}

describe("restart policies", () => {
  it.each(always)(
    "under the policy '%s' a process that ends with 0 is started again",
    async (policy) => {
      const node = await NodeUnderTest.start();

      await node.apply("job", { script: noted(node.file("runs"), "sleep 0.2"), policy });

      await expect.poll(() => node.lines("runs").length, { timeout: 20_000 }).toBeGreaterThan(3);
    },
  );

  it.each(["no", "on-failure"])(
    "under the policy '%s' a process that ends with 0 has completed and stays so",
    async (policy) => {
      const node = await NodeUnderTest.start();

      await node.apply("job", { script: noted(node.file("runs"), "exit 0"), policy });
      await node.reaches("job", "STOPPED");
      await node.restart("SIGKILL");

      expect((await node.status("job")).message).toContain("completed");
      expect(
        (await node.apply("job", { script: noted(node.file("runs"), "exit 0"), policy })).skipped,
      ).toBe(true);
      expect(node.lines("runs")).toEqual(["run"]);
    },
  );

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

  it.each([...always, "on-failure"])(
    "under the policy '%s' an end nobody can tell of is no success: it is started again",
    async (policy) => {
      const node = await NodeUnderTest.start();
      const script = noted(node.file("runs"), "exec sleep 600");
      await node.apply("job", { script, policy });
      await node.reaches("job", "RUNNING");
      const pid = await node.pid("job");

      process.kill(parentOf(pid), "SIGKILL");
      process.kill(pid, "SIGKILL");

      await expect.poll(() => node.lines("runs").length, { timeout: 20_000 }).toBe(2);
      await node.reaches("job", "RUNNING");
      expect(await node.pid("job")).not.toBe(pid);
    },
  );

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

  it.each([...always, "on-failure"])(
    "under the policy '%s' a crash loop is failed, retryable, with a growing delay that survives the agent",
    async (policy) => {
      const node = await NodeUnderTest.start({ PERSYS_BACKOFF_BASE: "2s" });

      await node.apply("loop", { script: noted(node.file("runs"), "exit 1"), policy });
      await expect
        .poll(async () => (await node.status("loop")).failure?.attempts ?? 0, { timeout: 20_000 })
        .toBeGreaterThan(2);
      const before = node.lines("runs").length;
      await node.restart("SIGKILL");

      const { failure, actualState } = await node.status("loop");
      expect(actualState).toBe(4);
      expect(failure?.retryable).toBe(true);
      expect(failure?.attempts).toBeGreaterThan(2);
      expect(node.lines("runs").length).toBeLessThanOrEqual(before + 1);
    },
  );
});
