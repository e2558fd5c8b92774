import { ManualClock } from "@persys/conformance";
import { AgentError, defaultEnginePolicy, fixedHostPolicy, silentLogger } from "@persys/core";
import { afterEach, describe, expect, it } from "vitest";
import { HeldBack } from "../../src/engine/held-back.ts";
import { SpecSecrets } from "../../src/engine/spec-secrets.ts";
import { PolicedNode, policyAllowing } from "./policed-node.ts";

const spec = { program: "serve", hostPaths: ["/srv/web"] };
const strict = policyAllowing("/nowhere");
const loose = policyAllowing("/srv");

let node: PolicedNode;

/** A node on which `web` has ended and is held back by a policy that became stricter. */
async function withHeldBack(): Promise<void> {
  node = await PolicedNode.start();
  await node.settled("web", spec);
  await node.announce(strict);
  node.world.kill("web");
  await node.after(60_000);
  expect(node.status("web").failure?.reason).toBe("POLICY_DENIED");
}

const history = (): readonly { readonly type: string; readonly caller: string }[] =>
  node.engine.api
    .actions({ limit: 0, newestFirst: false })
    .map(({ type, caller }) => ({ type, caller }));

describe("a workload that the policy held back", () => {
  afterEach(() => node.engine.stop());

  it("is started again once the policy gives what it asks for, and the history says by what", async () => {
    await withHeldBack();

    await node.announce(loose);
    await node.after(20_000);

    expect(node.status("web").actual).toBe("running");
    expect(history().at(-1)).toEqual({ type: "retry_workload", caller: "agent:host-policy" });
  });

  it("is started again by an agent that starts under a policy that gives it", async () => {
    await withHeldBack();

    node.policy = loose;
    await node.restart();
    await node.after(20_000);

    expect(node.status("web").actual).toBe("running");
  });

  it("is left as it is, without a write, by a policy that denies it still", async () => {
    await withHeldBack();
    const { generation } = node.status("web");
    const before = history();

    await node.announce(policyAllowing("/elsewhere"));
    await node.restart();
    await node.after(600_000);

    expect(node.status("web")).toMatchObject({ generation, failure: { reason: "POLICY_DENIED" } });
    expect(history()).toEqual(before);
  });

  it("is not started where it is to be stopped, or failed for another reason", async () => {
    await withHeldBack();
    await node.apply("web", spec, { revisionId: "r1", desired: "stopped" });
    await node.settled("other", { program: "serve" });
    await node.after(20_000);
    const before = history();

    await node.announce(loose);
    await node.after(60_000);

    expect(node.status("web").actual).toBe("stopped");
    expect(history()).toEqual(before);
  });

  it("is prepared, where only that was denied of a stopped one, and stays stopped", async () => {
    node = await PolicedNode.start();
    await node.settled("web", spec);
    const { promise, resolve } = Promise.withResolvers<void>();
    node.runtime.gate = promise;
    const elsewhere = { program: "serve", hostPaths: ["/opt/web"] };
    const applying = node.send("web", elsewhere, { revisionId: "r2", desired: "stopped" });
    await node.after(6_000);
    await applying;
    resolve();
    await node.after(60_000);
    expect(node.status("web").failure?.reason).toBe("POLICY_DENIED");

    await node.announce(policyAllowing("/opt"));
    await node.after(60_000);

    expect(node.status("web")).toMatchObject({ actual: "stopped", revisionId: "r2" });
    expect(node.status("web").failure).toBeUndefined();
  });

  it("is judged again a while later where it cannot be found out now what it asks for", async () => {
    await withHeldBack();
    const { promise, resolve } = Promise.withResolvers<void>();
    node.runtime.gate = promise.then(() => Promise.reject(new Error("no engine")));
    resolve();

    await node.announce(loose);
    await node.after(30_000);
    expect(node.status("web").failure?.reason).toBe("POLICY_DENIED");

    node.runtime.gate = Promise.resolve();
    await node.after(60_000);
    expect(node.status("web").actual).toBe("running");
  });

  it("is not asked for again and again where its runtime itself finds it denied", async () => {
    await withHeldBack();
    const denied = new AgentError("POLICY_DENIED", "denied", { effect: "none" });
    node.runtime.work = () => Promise.reject(denied);
    await node.announce(policyAllowing("/elsewhere"));
    await node.after(10_000);
    const { asked } = node.runtime;

    await node.after(600_000);
    expect(node.runtime.asked).toBe(asked);
  });

  it("is started again where it takes half a minute to find out what it asks for", async () => {
    await withHeldBack();
    node.runtime.work = (signal) =>
      new Promise((resolve, reject) => {
        const stop = node.clock.schedule(30_000, resolve);
        const end = (): void => {
          stop();
          reject(new Error("called off"));
        };
        signal.addEventListener("abort", end, { once: true });
      });

    await node.announce(loose);
    await node.after(120_000);

    expect(node.status("web").actual).toBe("running");
  });

  it("is no business of an engine that has stopped", async () => {
    await withHeldBack();

    await node.engine.stop();

    expect(node.listeners.size).toBe(0);
  });
});

describe("a look for what the policy held back", () => {
  it.each(Array.from({ length: 20 }, (_, turns) => turns))(
    "is followed by another one where the policy changes %i turns after it began",
    async (turns) => {
      const controller = new AbortController();
      let announce = (): void => {};
      let looks = 0;
      const heldBack = new HeldBack({
        context: {
          clock: new ManualClock(),
          gate: () => undefined,
          logger: silentLogger,
          policy: defaultEnginePolicy,
          secrets: new SpecSecrets(undefined, () => undefined),
          signal: controller.signal,
        },
        policy: {
          ...fixedHostPolicy(loose),
          onChange: (listener) => {
            announce = listener;
            return () => {};
          },
        },
        lanes: () => {
          looks += 1;
          return [];
        },
        retry: () => Promise.resolve(),
      });
      heldBack.start();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();

      announce();
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();

      expect(looks).toBe(2);
      await heldBack.ended;
      controller.abort();
    },
  );
});
