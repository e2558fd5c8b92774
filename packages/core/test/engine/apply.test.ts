import { describe, expect, it } from "vitest";
import { caller, SimulatedNode } from "../support/simulated-node.ts";

const serve = { program: "serve" };

describe("apply", () => {
  it("answers pending, starts the workload and says running once it has stayed up", async () => {
    const node = await SimulatedNode.start();

    const result = await node.apply("web", serve, { revisionId: "r1" });

    expect(result).toMatchObject({ applied: true, skipped: false, status: { actual: "pending" } });
    expect(node.world.journal.of("web")).toEqual(["prepare r1", "start r1"]);
    expect(node.status("web").actual).toBe("pending");
    await node.after(10_000);
    expect(node.status("web")).toMatchObject({
      actual: "running",
      observedRevisionId: "r1",
      revisionId: "r1",
    });
    node.world.assertSound();
  });

  it("has the effect of one however often it is repeated (I6)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const { commits } = node.store;

    for (let i = 0; i < 10; i += 1) {
      const again = await node.apply("web", serve, { revisionId: "r1" });
      expect(again).toMatchObject({ applied: false, skipped: true });
    }

    expect(node.store.commits).toBe(commits);
    expect(node.world.journal.of("web")).toEqual(["prepare r1", "start r1"]);
  });

  it("has the effect of one when ten arrive at once", async () => {
    const node = await SimulatedNode.start();

    const sent = Array.from({ length: 10 }, () =>
      node.sendApply("web", serve, { revisionId: "r1" }),
    );
    await node.clock.settle();

    const answers = await Promise.all(sent);
    expect(answers.filter((one) => one.applied)).toHaveLength(1);
    expect(node.world.journal.of("web")).toEqual(["prepare r1", "start r1"]);
  });

  it("refuses another spec under a known revision id", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await expect(
      node.apply("web", { program: "serve", note: "b" }, { revisionId: "r1" }),
    ).rejects.toMatchObject({ code: "REVISION_CONFLICT", effect: "none" });
  });

  it("answers another spec under a known revision id as skipped where that is the policy", async () => {
    const node = await SimulatedNode.start({ policy: { revisionConflict: "ignore" } });
    await node.settled("web");

    const answer = await node.apply("web", { ...serve, note: "b" }, { revisionId: "r1" });

    expect(answer).toMatchObject({ applied: false, skipped: true });
    expect(answer.message).toContain("ignored");
  });

  it("derives a revision id from the spec where none is given", async () => {
    const node = await SimulatedNode.start();
    const first = await node.apply("web", serve);
    const again = await node.apply("web", serve);
    const other = await node.apply("web", { ...serve, note: "2" });

    expect(again.skipped).toBe(true);
    expect(other.applied).toBe(true);
    expect(other.status.revisionId).not.toBe(first.status.revisionId);
  });

  it("without a revision id means the revision that is just being accepted when the spec is the same", async () => {
    const node = await SimulatedNode.start();

    const named = node.sendApply("web", serve, { revisionId: "r1" });
    const unnamed = node.sendApply("web", serve);
    const stopped = node.api.apply(
      { id: "web", type: "simulated", revisionId: "", desired: "stopped", spec: serve },
      caller,
    );
    await node.after(1_000);

    expect(await named).toMatchObject({ applied: true });
    expect(await unnamed).toMatchObject({ skipped: true });
    expect(await stopped).toMatchObject({ applied: true });
    expect(node.status("web")).toMatchObject({ revisionId: "r1", actual: "stopped" });
  });

  it("takes the last submitted of many revisions, whatever was under way (I2)", async () => {
    const node = await SimulatedNode.start();

    const sent = Array.from({ length: 8 }, (_, at) =>
      node.sendApply("web", { ...serve, note: `${at}`, prepareMs: 50 }, { revisionId: `r${at}` }),
    );
    await node.after(15_000);
    await Promise.all(sent);

    expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r7" });
    expect(node.world.instancesOf("web")).toHaveLength(1);
    node.world.assertSound();
  });

  it("is refused when the generation is not the expected one, and leaves nothing behind", async () => {
    const node = await SimulatedNode.start();

    await expect(node.apply("web", serve, { expectedGeneration: 3 })).rejects.toMatchObject({
      code: "GENERATION_CONFLICT",
    });

    expect(node.ids).toEqual([]);
    expect(node.store.commits).toBe(0);
  });

  it("succeeds behind one that was refused at the same time for the same new id", async () => {
    const node = await SimulatedNode.start();

    const refused = node.sendApply("web", serve, { expectedGeneration: 3 });
    const accepted = node.sendApply("web", serve, { revisionId: "r1" });
    await node.after(11_000);

    await expect(refused).rejects.toMatchObject({ code: "GENERATION_CONFLICT" });
    await expect(accepted).resolves.toMatchObject({ applied: true });
    expect(node.status("web").actual).toBe("running");
  });

  it("that asks for another type of a known id is refused", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await expect(node.apply("web", serve, { type: "other" })).rejects.toMatchObject({
      code: expect.stringMatching(/^(TYPE_MISMATCH|INVALID_REQUEST)$/),
    });
  });

  it("without a spec needs an existing workload", async () => {
    const node = await SimulatedNode.start();

    await expect(node.want("web", "running")).rejects.toMatchObject({ fault: "user" });
    expect(node.ids).toEqual([]);
  });

  it("that only checks stores nothing", async () => {
    const node = await SimulatedNode.start();
    const request = { id: "web", type: "simulated", revisionId: "", desired: "running" } as const;

    const answer = await node.api.apply(
      { ...request, spec: serve, validateOnly: true },
      { identity: "test" },
    );

    expect(answer).toMatchObject({ applied: false, skipped: false });
    expect(node.store.commits).toBe(0);
    expect(node.ids).toEqual([]);
  });
});
