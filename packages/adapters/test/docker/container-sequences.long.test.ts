import {
  array,
  assert as check,
  asyncProperty,
  constantFrom,
  integer,
  option,
  record,
} from "fast-check";
import { currentInstance, isLive, type Observation, type Target } from "@persys/core";
import { afterAll, expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { eventually, forever } from "../support/runtime-calls.ts";
import { DockerHarness } from "./docker-harness.ts";

const kinds = [
  "prepare",
  "start",
  "replace",
  "restore",
  "retire",
  "stop",
  "remove",
  "killed",
  "removed",
  "paused",
  "renamed",
] as const;

interface Step {
  readonly kind: (typeof kinds)[number];
  readonly revision: number;
  /** Undefined: not aborted. */
  readonly abortAfterMs: number | undefined;
}

const steps = array(
  record<Step>({
    kind: constantFrom(...kinds),
    revision: integer({ min: 1, max: 3 }),
    abortAfterMs: option(integer({ min: 0, max: 800 }), { nil: undefined }),
  }),
  { minLength: 3, maxLength: 12 },
);

const budgetMs = 600_000;

describeWithDocker("any order of operations, cut short at any time and made again", () => {
  const host = new DockerHarness();
  afterAll(async () => host.close());
  let runs = 0;

  for (const lane of [1, 2, 3, 4])
    it.concurrent(`leaves what it should, and nothing else (${lane})`, async () => {
      const property = asyncProperty(steps, async (sequence) => {
        runs += 1;
        const name = `sequence-${runs}`;
        for (const step of sequence) await make(host, targetOf(host, name, step.revision), step);
        const { id } = targetOf(host, name, 1);
        await host.runtime.remove(id, forever);
        expect(await leftOf(host, id)).toEqual([]);
      });
      await check(property, { numRuns: 25, endOnFailure: true, interruptAfterTimeLimit: budgetMs });
    });
});

function targetOf(host: DockerHarness, name: string, revision: number): Target {
  return host.target(name, { image: testImages.volume, env: { R: String(revision) } });
}

async function make(host: DockerHarness, target: Target, step: Step): Promise<void> {
  if (await disturbed(host, target, step)) return;
  if (step.kind === "start" || step.kind === "replace") await host.prepare(target);
  if (step.abortAfterMs !== undefined) {
    const signal = AbortSignal.timeout(step.abortAfterMs);
    await perform(host, target, step, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    const seen = await host.observe(target.id);
    expect(seen.kind).not.toBe("unreadable");
  }
  // What was aborted may still be going on in the engine, which then refuses for a moment.
  let failure: unknown;
  await eventually(async () => {
    try {
      await perform(host, target, step, forever);
      return true;
    } catch (error) {
      failure = error;
      return false;
    }
  }, 20_000).catch(() => {
    throw failure;
  });
  await expectOutcome(host, target, step);
}

async function perform(
  { runtime }: DockerHarness,
  target: Target,
  { kind }: Step,
  signal: AbortSignal,
): Promise<void> {
  switch (kind) {
    case "prepare":
      return runtime.prepare(target, signal, () => {});
    case "start":
    case "replace":
      return runtime[kind](target, signal);
    case "restore":
    case "remove":
      return runtime[kind](target.id, signal);
    case "retire":
      return runtime.retire(target.id, [target.specDigest], signal);
    case "stop":
      return runtime.stop(target.id, 1_000, signal);
    default:
  }
}

/** Whether the step is something that others do, and did it where there is something to do it to. */
async function disturbed(host: DockerHarness, { id }: Target, { kind }: Step): Promise<boolean> {
  const { outsider } = host;
  const [newest] = await outsider.containers(id);
  switch (kind) {
    case "killed":
      if (newest?.State === "running") await outsider.kill(id);
      return true;
    case "paused":
      if (newest?.State === "running") await outsider.pause(id);
      return true;
    case "removed":
      if (newest !== undefined) await outsider.remove(id);
      return true;
    case "renamed":
      if (newest !== undefined && !newest.Names.includes(`/other-${id}`))
        await outsider.rename(id, `other-${id}`);
      return true;
    default:
      return false;
  }
}

async function expectOutcome(host: DockerHarness, target: Target, { kind }: Step): Promise<void> {
  const seen = await host.observe(target.id);
  const live = liveOf(seen);
  switch (kind) {
    case "start":
    case "replace":
      expect(currentInstance(seen)).toMatchObject({
        revisionId: target.revisionId,
        state: "running",
        drift: [],
      });
      expect(live).toHaveLength(1);
      break;
    case "stop":
      expect(live).toEqual([]);
      break;
    case "remove":
      expect(await leftOf(host, target.id)).toEqual([]);
      break;
    case "retire":
      expect(seen.kind === "present" ? seen.instances.filter((one) => one.kept) : []).toEqual([]);
      break;
    default:
  }
  const there = await host.outsider.containers(target.id);
  expect(seen.kind === "present" ? seen.instances.length : 0).toBe(there.length);
  expect((await volumesOf(host, target.id)).length).toBeLessThanOrEqual(1);
}

function liveOf(seen: Observation): readonly string[] {
  if (seen.kind === "unreadable") throw new Error(seen.failure.message);
  return seen.kind === "present" ? seen.instances.filter(isLive).map((one) => one.handle) : [];
}

async function volumesOf(host: DockerHarness, id: string): Promise<readonly string[]> {
  const filters = JSON.stringify({
    label: [`persys.node_id=${host.nodeId}`, `persys.workload_id=${id}`],
  });
  return ((await host.docker.listVolumes({ filters })).Volumes ?? []).map((one) => one.Name);
}

/** What there is of a workload. */
async function leftOf(host: DockerHarness, id: string): Promise<readonly string[]> {
  return [
    ...(await host.outsider.containers(id)).map((one) => one.Id),
    ...(await volumesOf(host, id)),
    ...(await host.outsider.pins([id])),
  ];
}
