import { AgentError, type Logger } from "@persys/core";
import { describe, expect, it } from "vitest";
import { PaperSealer } from "../support/paper-sealer.ts";
import { SimulatedNode } from "../support/simulated-node.ts";

const secret = "correct horse battery";
const spec = { program: "serve", secret } as const;

/** All that the disk holds, as text. */
function stored(node: SimulatedNode): string {
  return [...node.disk.records.values()].map((bytes) => Buffer.from(bytes).toString()).join("\n");
}

/** A node that is given another sealer for its next start. */
async function nodeWith(
  sealer?: PaperSealer,
): Promise<[SimulatedNode, { secretSealer?: PaperSealer }]> {
  const options: { secretSealer?: PaperSealer } =
    sealer === undefined ? {} : { secretSealer: sealer };
  return [await SimulatedNode.start(options), options];
}

describe("secrets of specs", () => {
  it("are stored sealed, in one seal for each revision, and reach the runtime as they were sent", async () => {
    const sealer = new PaperSealer();
    const node = await SimulatedNode.start({ secretSealer: sealer });
    await node.settled("web", "r1", { secret });
    await node.settled("web", "r2", { secret, note: "2" });

    expect(stored(node)).not.toContain(secret);
    expect(sealer.seals).toBe(2);
    expect(node.attentive.specs).toContainEqual({ ...spec, note: "2" });
    expect(node.api.get("web").spec).toMatchObject({ secret: "<redacted>" });
  });

  it("are not unsealed by a restart or by anything that only reads", async () => {
    const sealer = new PaperSealer();
    const node = await SimulatedNode.start({ secretSealer: sealer });
    await node.settled("web", "r1", { secret });
    const { unseals } = sealer;
    await node.restart();
    node.api.get("web");
    node.api.explain("web");
    node.api.list({});
    await node.after(120_000);

    expect(sealer.unseals).toBe(unseals);
    expect(node.status("web").actual).toBe("running");
  });

  it("are there after a restart for whatever has to be started again", async () => {
    const node = await SimulatedNode.start({ secretSealer: new PaperSealer() });
    await node.settled("web", "r1", { secret });
    await node.crash();
    node.world.kill("web");
    await node.boot();
    await node.after(20_000);

    expect(node.status("web").actual).toBe("running");
    expect(node.attentive.specs.at(-1)).toEqual(spec);
  });

  it("are known again when the same spec is applied, under its revision id and without one", async () => {
    const node = await SimulatedNode.start({ secretSealer: new PaperSealer() });
    await node.settled("web", "r1", { secret });
    await node.apply("db", spec);

    expect(await node.apply("web", spec, { revisionId: "r1" })).toMatchObject({ skipped: true });
    expect(await node.apply("db", spec)).toMatchObject({ skipped: true });
    await expect(
      node.apply("web", { ...spec, secret: "another" }, { revisionId: "r1" }),
    ).rejects.toMatchObject({ code: "REVISION_CONFLICT" });
  });

  it("show in no digest that could be worked out without the key", async () => {
    const [one, other] = [["k1"], ["k2"]].map((keys) => ({ secretSealer: new PaperSealer(keys) }));
    const digests: string[] = [];
    for (const options of [one, other, {}]) {
      const node = await SimulatedNode.start(options);
      await node.apply("web", spec);
      const { digest, revisionId } = node.api.explain("web").wanted;
      digests.push(digest, revisionId);
    }

    expect(new Set(digests).size).toBe(6);
  });

  it("of a creation that waits for a deletion are there when it is made", async () => {
    const node = await SimulatedNode.start({ secretSealer: new PaperSealer() });
    await node.settled("web", "r1", { stopMs: 5_000 });
    const removing = node.api.remove("web", { identity: "test" });
    await node.clock.settle();
    await node.apply("web", spec, { revisionId: "r2" });
    await node.want("web", "stopped");
    await node.want("web", "running");
    await removing;
    expect(stored(node)).not.toContain(secret);
    await node.after(30_000);

    expect(node.status("web").actual).toBe("running");
    expect(node.attentive.specs.at(-1)).toEqual(spec);
  });

  it("that an earlier release stored as they are are sealed at the next start, and stay the same revision", async () => {
    const [node, options] = await nodeWith();
    await node.settled("web", "r1", { secret });
    await node.settled("db");
    await node.stop();
    expect(stored(node)).toContain(secret);
    options.secretSealer = new PaperSealer();
    await node.boot();

    expect(stored(node)).not.toContain(secret);
    expect(await node.apply("web", spec, { revisionId: "r1" })).toMatchObject({ skipped: true });
    const { commits } = node.store;
    await node.restart();
    expect([commits, node.store.commits]).toEqual([1, 0]);
  });

  it("that an earlier release stored as they are are sealed when they change, where the start could not", async () => {
    const [node, options] = await nodeWith();
    await node.settled("web", "r1", { secret });
    await node.stop();
    options.secretSealer = new PaperSealer();
    node.makeEngine();
    node.store.failNext({ code: "STORE_FULL" });
    const started = node.engine.start(new AbortController().signal);
    await node.clock.settle();
    await started;
    expect(stored(node)).toContain(secret);
    await node.want("web", "stopped");

    expect(stored(node)).not.toContain(secret);
  });

  it("that a start could not store sealed are sealed by whatever is written next, in every batch", async () => {
    const [node, options] = await nodeWith();
    const ids = Array.from({ length: 101 }, (_, at) => `w${String(at).padStart(3, "0")}`);
    for (const id of ids) await node.apply(id, spec, { revisionId: "r1" });
    await node.after(15_000);
    await node.stop();
    options.secretSealer = new PaperSealer();
    node.makeEngine();
    node.store.failNext({ code: "STORE_FULL" });
    const started = node.engine.start(new AbortController().signal);
    await node.clock.settle();
    await started;
    const failed = node.store.commits;
    for (const id of ids) node.world.kill(id);
    await node.after(20_000);

    expect(failed).toBe(1);
    expect(stored(node)).not.toContain(secret);
    expect(ids.map((id) => node.status(id).actual)).not.toContain("failed");
  });

  it("do not keep a start from its end when the store hangs", async () => {
    const [node, options] = await nodeWith();
    await node.settled("web", "r1", { secret });
    await node.stop();
    options.secretSealer = new PaperSealer();
    node.makeEngine({ commitTimeoutMs: 4_000 });
    const goOn = node.store.hang();
    let isStarted = false;
    void node.engine.start(new AbortController().signal).then(() => (isStarted = true));
    await node.clock.advance(3_999);
    expect(isStarted).toBe(false);
    await node.clock.advance(2);
    expect(isStarted).toBe(true);
    goOn();
    await node.clock.settle();

    expect(stored(node)).not.toContain(secret);
    expect(node.status("web").actual).toBe("running");
  });

  it("do not keep a start that is called off from its end when the store hangs", async () => {
    const [node, options] = await nodeWith();
    await node.settled("web", "r1", { secret });
    await node.stop();
    options.secretSealer = new PaperSealer();
    node.makeEngine();
    node.store.hang();
    const controller = new AbortController();
    const reason = new Error("called off");
    const started = node.engine.start(controller.signal).catch((error: unknown) => error);
    await node.clock.settle();
    controller.abort(reason);

    expect(await started).toBe(reason);
  });

  it("that were sealed with an earlier key are sealed with the one of now at the next start", async () => {
    const [node, options] = await nodeWith(new PaperSealer(["old"]));
    await node.settled("web", "r1", { secret });
    await node.stop();
    options.secretSealer = new PaperSealer(["old", "new"]);
    await node.boot();

    expect(stored(node)).toContain('"sealed":"new.');
    expect(stored(node)).not.toContain('"sealed":"old.');
    expect(await node.apply("web", spec, { revisionId: "r1" })).toMatchObject({ skipped: true });
  });

  it("whose key is missing are kept, and nothing is started without them until it is back", async () => {
    const errors: string[] = [];
    const options: { secretSealer: PaperSealer; logger: Logger } = {
      secretSealer: new PaperSealer(["lost"]),
      logger: loggerOf((message, fields) => errors.push(`${message} ${JSON.stringify(fields)}`)),
    };
    const node = await SimulatedNode.start(options);
    await node.settled("web", "r1", { secret });
    await node.stop();
    options.secretSealer = new PaperSealer(["other"]);
    await node.boot();
    expect(node.status("web").actual).toBe("running");
    node.world.kill("web");
    await node.after(20_000);

    expect(errors.join("\n")).toMatch(/keys of stored secrets are missing.*"web"/);
    expect(node.status("web")).toMatchObject({
      actual: "failed",
      failure: { reason: "SECRET_UNAVAILABLE", retryable: true },
    });
    expect(stored(node)).toContain('"sealed":"lost.');
    await expect(node.apply("web", spec, { revisionId: "r1" })).rejects.toMatchObject({
      code: "SECRET_UNAVAILABLE",
    });
    await node.stop();
    options.secretSealer = new PaperSealer(["lost", "other"]);
    await node.boot();
    await node.after(600_000);
    expect(node.status("web").actual).toBe("running");
  });

  it("whose key is missing can be applied anew under another revision, stopped and deleted", async () => {
    const [node, options] = await nodeWith(new PaperSealer(["lost"]));
    for (const id of ["web", "db", "job"]) await node.settled(id, "r1", { secret });
    await node.stop();
    options.secretSealer = new PaperSealer(["other"]);
    await node.boot();
    await node.apply("web", spec, { revisionId: "r2" });
    await node.remove("db");
    await node.want("job", "stopped");
    await node.after(600_000);

    expect(node.status("web").actual).toBe("running");
    expect(node.status("job").actual).toBe("stopped");
    expect(node.ids).toEqual(["job", "web"]);
  });

  it("are taken out of whatever a runtime says when it fails", async () => {
    const said: string[] = [];
    const node = await SimulatedNode.start({
      logger: loggerOf((message, fields) => said.push(message, textOf(fields))),
    });
    node.attentive.startFailure = () =>
      new AgentError("RUNTIME_ERROR", `cannot run with SECRET=${secret}`, {
        retryable: true,
        details: { env: secret },
        cause: new Error(`engine: ${JSON.stringify({ secret })}`, { cause: secret }),
      });
    await node.apply("web", spec);
    await node.after(5_000);

    expect(node.status("web").failure?.message).toBe("cannot run with SECRET=<redacted>");
    expect(said.join("\n")).toContain("<redacted>");
    expect(said.join("\n")).not.toContain(secret);
    expect(
      JSON.stringify([
        node.api.explain("web"),
        node.api.actions({ limit: 100, newestFirst: true }),
      ]),
    ).not.toContain(secret);
  });
});

/** Everything in what was logged, errors and their causes included. */
function textOf(value: unknown): string {
  if (value instanceof Error)
    return `${value.stack} ${JSON.stringify(value)} ${textOf(value.cause)}`;
  if (typeof value !== "object" || value === null) return String(value);
  return Object.values(value)
    .map((member: unknown) => textOf(member))
    .join(" ");
}

function loggerOf(note: (message: string, fields: unknown) => void): Logger {
  return { debug: note, info: note, warn: note, error: note };
}
