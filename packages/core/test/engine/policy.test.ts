import { AgentError } from "@persys/core";
import { afterEach, describe, expect, it } from "vitest";
import { caller, PolicedNode, policyAllowing } from "./policed-node.ts";

const nodes: PolicedNode[] = [];

async function startedNode(): Promise<PolicedNode> {
  const node = await PolicedNode.start();
  nodes.push(node);
  return node;
}

const allowed = { program: "serve", hostPaths: ["/srv/web"] };
const denied = { program: "serve", hostPaths: ["/etc", "/srv/web", "/opt/x"] };

describe("the host policy", () => {
  afterEach(async () => {
    for (const { engine } of nodes.splice(0)) await engine.stop();
  });

  describe("at an apply", () => {
    it("denies a spec with everything at once, and stores nothing", async () => {
      const node = await startedNode();

      await expect(node.apply("web", denied)).rejects.toMatchObject({
        code: "POLICY_DENIED",
        fault: "user",
        effect: "none",
        retryable: false,
        denials: [
          { rule: "host-path-protected", field: "hostPaths[0]", seen: "/etc" },
          { rule: "host-path", field: "hostPaths[2]", setting: "allowedHostPaths" },
        ],
        details: { rules: "host-path-protected,host-path", settings: "allowedHostPaths" },
      });

      expect(() => node.status("web")).toThrow("workload not found");
      expect(node.engine.api.actions({ limit: 0, newestFirst: false })).toEqual([]);
      expect(node.world.journal.of("web")).toEqual([]);
      expect(node.counted).toContainEqual(["policy_denied_total", { rule: "host-path" }]);
    });

    it("lets through what is allowed", async () => {
      const node = await startedNode();

      expect(await node.apply("web", allowed)).toMatchObject({ applied: true });
      await node.after(15_000);
      expect(node.status("web").actual).toBe("running");
    });

    it("says beforehand what it would deny, and stores nothing either way", async () => {
      const node = await startedNode();

      await expect(node.apply("web", denied, { validateOnly: true })).rejects.toMatchObject({
        code: "POLICY_DENIED",
      });
      expect(await node.apply("web", allowed, { validateOnly: true })).toMatchObject({
        applied: false,
        message: "valid; nothing was stored",
      });
      expect(() => node.status("web")).toThrow("workload not found");
    });

    it("denies an update and leaves what runs as it is", async () => {
      const node = await startedNode();
      await node.settled("web", allowed);
      const before = [...node.world.journal.of("web")];

      await expect(node.apply("web", denied, { revisionId: "r2" })).rejects.toMatchObject({
        code: "POLICY_DENIED",
      });
      await node.after(60_000);

      expect(node.status("web")).toMatchObject({ actual: "running", revisionId: "r1" });
      expect(node.world.journal.of("web")).toEqual(before);
    });

    it("never denies a repetition, a stop or a deletion of what it has become too strict for", async () => {
      const node = await startedNode();
      await node.settled("web", allowed);
      node.policy = policyAllowing("/nowhere");

      expect(await node.apply("web", allowed, { revisionId: "r1" })).toMatchObject({
        skipped: true,
      });
      expect(
        await node.apply("web", allowed, { revisionId: "r1", desired: "stopped" }),
      ).toMatchObject({ applied: true });
      await node.after(20_000);
      expect(node.status("web").actual).toBe("stopped");
      await expect(node.apply("web", undefined, { revisionId: "r1" })).rejects.toMatchObject({
        code: "POLICY_DENIED",
      });
      await node.engine.api.remove("web", caller);
      await node.after(20_000);
      expect(() => node.status("web")).toThrow("workload not found");
    });

    it("takes what cannot be found out now, and starts it only once it is known and allowed", async () => {
      const node = await startedNode();
      const { promise, resolve } = Promise.withResolvers<void>();
      node.runtime.gate = promise;

      const [good, bad] = [node.send("good", allowed), node.send("bad", denied)];
      await node.after(6_000);
      const answers = await Promise.all([good, bad]);

      expect(answers.map(({ applied }) => applied)).toEqual([true, true]);
      expect(answers[0].message).toContain("could not be found out now");
      expect(node.world.journal.of("good")).toEqual([]);
      expect(node.world.journal.of("bad")).toEqual([]);

      resolve();
      await node.after(20_000);
      expect(node.status("good").actual).toBe("running");
      expect(node.status("bad")).toMatchObject({
        actual: "failed",
        failure: { reason: "POLICY_DENIED", retryable: false },
      });
      expect(node.world.journal.of("bad")).toEqual([]);
    });

    it("refuses a spec that its runtime can never take, and takes one that it cannot judge now", async () => {
      const node = await startedNode();
      const failDemands = (fault: AgentError): void => {
        node.runtime.gate = Promise.reject(fault);
        node.runtime.gate.catch(() => {});
      };

      const violations = [{ path: ["pid"], rule: "is refused" }];
      failDemands(new AgentError("INVALID_SPEC", "pid is refused", { fault: "user", violations }));
      for (const more of [{}, { validateOnly: true }])
        await expect(node.apply("web", allowed, more)).rejects.toMatchObject({
          code: "INVALID_SPEC",
          effect: "none",
          violations,
        });
      expect(() => node.status("web")).toThrow("workload not found");

      for (const error of [
        new AgentError("INVALID_SPEC", "not now", { fault: "user", retryable: true }),
        new AgentError("INVALID_SPEC", "not the user's", { fault: "system" }),
        new AgentError("RUNTIME_UNAVAILABLE", "not there", { retryable: true }),
      ]) {
        failDemands(error);
        const { message } = await node.apply("web", allowed, { validateOnly: true });
        expect(message).toContain("could not be found out now");
      }
    });

    it("keeps requests for one workload in their order while one waits to be judged", async () => {
      const node = await startedNode();
      const { promise, resolve } = Promise.withResolvers<void>();
      node.runtime.gate = promise;

      const applying = node.send("web", allowed, { revisionId: "r1" });
      await node.clock.settle();
      const removing = node.engine.api.remove("web", caller);
      await node.clock.settle();
      const other = node.engine.api.remove("other", caller);
      await expect(other).resolves.toMatchObject({ existed: false });
      resolve();
      await node.after(0);

      expect(await applying).toMatchObject({ applied: true });
      expect(await removing).toMatchObject({ existed: true });
      await node.after(20_000);
      expect(() => node.status("web")).toThrow("workload not found");
    });

    it("lets later requests go on after one that was denied", async () => {
      const node = await startedNode();

      const [first, second] = [node.send("web", denied), node.send("web", allowed)];
      first.catch(() => {});
      await node.after(0);

      await expect(first).rejects.toMatchObject({ code: "POLICY_DENIED" });
      expect(await second).toMatchObject({ applied: true });
    });
  });

  describe("before a start", () => {
    it("does not start again what a stricter policy denies, and says why", async () => {
      const node = await startedNode();
      await node.settled("web", allowed);
      node.policy = policyAllowing("/nowhere");
      await node.after(60_000);
      expect(node.status("web").actual).toBe("running");
      const before = node.world.journal.of("web").length;

      node.world.kill("web");
      await node.after(600_000);

      expect(node.status("web")).toMatchObject({
        actual: "failed",
        failure: { reason: "POLICY_DENIED", retryable: false },
      });
      expect(node.status("web").failure?.message).toContain("hostPaths[0] /srv/web");
      expect(node.world.journal.of("web").slice(before)).toEqual([]);
      const asked = node.runtime.asked;
      await node.after(600_000);
      expect(node.runtime.asked).toBe(asked);
    });

    it("starts it again after a retry, once the policy allows it, also after a restart", async () => {
      const node = await startedNode();
      await node.settled("web", allowed);
      node.policy = policyAllowing("/nowhere");
      node.world.kill("web");
      await node.after(60_000);

      await node.engine.api.retry("web", caller);
      await node.after(60_000);
      expect(node.status("web").failure?.reason).toBe("POLICY_DENIED");

      await node.restart();
      node.policy = policyAllowing("/srv");
      await node.engine.api.retry("web", caller);
      await node.after(60_000);
      expect(node.status("web").actual).toBe("running");
    });

    it("sees a link that leads elsewhere since the apply", async () => {
      const node = await startedNode();
      await node.settled("web", allowed);

      node.runtime.links.set("/srv/web", "/etc");
      node.world.kill("web");
      await node.after(60_000);

      expect(node.status("web").failure).toMatchObject({ reason: "POLICY_DENIED" });
      expect(node.status("web").failure?.message).toContain("/srv/web (which is /etc)");
    });

    it("prepares nothing of an update that is denied by then, and keeps the old revision running", async () => {
      const node = await startedNode();
      await node.settled("web", allowed);
      const { promise, resolve } = Promise.withResolvers<void>();
      node.runtime.gate = promise;
      const before = node.world.journal.of("web").length;

      const update = node.send("web", denied, { revisionId: "r2" });
      await node.after(6_000);
      await update;
      resolve();
      await node.after(60_000);

      expect(node.world.journal.of("web").slice(before)).toEqual([]);
      expect(node.status("web")).toMatchObject({
        actual: "failed",
        observedRevisionId: "r1",
        failure: { reason: "POLICY_DENIED" },
      });
      node.world.kill("web");
      await node.after(60_000);
      expect(node.world.journal.of("web").slice(before)).toEqual(["start r1"]);
    });

    it("starts nothing while a policy throws, and goes on when it no longer does", async () => {
      const node = await startedNode();
      const { policy } = node;
      node.policy = {
        judge: () => {
          throw new Error("no policy now");
        },
      };

      await node.apply("web", allowed);
      await node.after(30_000);
      expect(node.world.journal.of("web")).toEqual([]);
      expect(node.status("web").failure).toMatchObject({ reason: "INTERNAL", retryable: true });

      node.policy = policy;
      await node.after(120_000);
      expect(node.status("web").actual).toBe("running");
    });
  });

  it("is asked before every step that makes or starts something, and before no other", async () => {
    const node = await startedNode();
    await node.settled("web", allowed);
    const afterStart = node.runtime.asked;
    expect(afterStart).toBe(3);

    await node.apply("web", undefined, { desired: "stopped" });
    await node.after(20_000);
    await node.engine.api.remove("web", caller);
    await node.after(20_000);

    expect(node.runtime.asked).toBe(afterStart);
  });
});
