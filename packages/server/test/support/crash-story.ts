import { setTimeout as pause } from "node:timers/promises";
import { toJsonString } from "@bufbuild/protobuf";
import { SeededRandom } from "@persys/conformance";
import { ExplainWorkloadResponseSchema } from "@persys/transports/gen";
import { expect, onTestFinished } from "vitest";
import { PrivateDockerd } from "../../../../test/docker/private-dockerd.ts";
import { ContainerNode } from "./container-node.ts";
import { ContainerStage } from "./crash-containers.ts";
import { Overlaps } from "./crash-overlaps.ts";
import { ProcessStage } from "./crash-processes.ts";
import type { CrashCast, CrashStage, CrashWorkload } from "./crash-stage.ts";
import { NodeUnderTest, stateName } from "./node-under-test.ts";

/** Polls for as long as a busy machine may take. */
const slowly = { timeout: 60_000, interval: 100 } as const;

/** What a workload may be, given what was acknowledged and what was asked for without an answer since. */
type Wish =
  | { readonly kind: "revision"; readonly revisionId: string; readonly desired: Desired }
  | { readonly kind: "deleted" };
type Desired = "running" | "stopped";

/** A stage and who is on it. */
interface Staged {
  readonly stage: CrashStage;
  readonly cast: CrashCast;
}

/** What a story is about. */
interface Setting {
  readonly kills: number;
  readonly seed: number;
  readonly stages: readonly Staged[];
  /** An agent is killed so long after the requests of a round at the latest, in milliseconds. */
  readonly killWithinMs: number;
}

/**
 * Kills the agent again and again at random moments while 20 processes run, end, change, come and go; then checks that everything is what was
 * last acknowledged, that nothing steady was touched, nothing ran twice and nothing is left over. The seed is in every failure.
 */
export async function surviveKills(kills: number, seed: number): Promise<void> {
  const node = await NodeUnderTest.start();
  const cast = { steady: 8, resting: 0, changing: 4, guests: 4, jobs: 4 };
  const stages = [{ stage: new ProcessStage(node), cast }];
  await tell(node, { kills, seed, stages, killWithinMs: 300 });
}

/**
 * The same with 10 processes and 10 containers of an engine of its own, of which one each is a job, anew in each of the first half of
 * the rounds; what is stopped and started keeps its container.
 */
export async function surviveKillsWithContainers(kills: number, seed: number): Promise<void> {
  const engine = await PrivateDockerd.start();
  onTestFinished(() => engine.dispose());
  const nodes = await ContainerNode.start({ endpoint: engine.endpoint });
  const jobs = Math.ceil(kills / 2);
  const processes = { steady: 4, resting: 0, changing: 3, guests: 2, jobs };
  const containers = { steady: 3, resting: 2, changing: 2, guests: 2, jobs };
  const stages = [
    { stage: new ProcessStage(nodes.node), cast: processes },
    { stage: new ContainerStage(nodes), cast: containers },
  ];
  // A replaced container takes a second until the old one is retired: an agent has to be killed anywhere in it.
  await tell(nodes.node, { kills, seed, stages, killWithinMs: 1_200 });
}

async function tell(node: NodeUnderTest, setting: Setting): Promise<void> {
  const story = new CrashStory(node, setting);
  try {
    await story.begin();
    for (let round = 1; round <= setting.kills; round += 1) await story.killOnce(round);
    await story.checkConverged();
    await story.deleteAll();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const told = `seed ${setting.seed}: ${what}\n${await story.explainUnsettled()}`;
    throw new Error(told, { cause: error });
  } finally {
    await story.end();
  }
}

class CrashStory {
  readonly #node: NodeUnderTest;
  readonly #random: SeededRandom;
  readonly #stages: readonly Staged[];
  readonly #killWithinMs: number;
  readonly #overlaps: Overlaps;
  /** What is possible for each id: the last acknowledged wish first, then those whose answer never came. */
  readonly #possible: Map<string, Wish[]> = new Map();
  readonly #stageOf: Map<string, CrashStage> = new Map();
  readonly #steadyRuns: Map<string, string> = new Map();
  readonly #restingPlaces: Map<string, string> = new Map();
  readonly #jobs: Map<string, number> = new Map();
  #revisions = 0;

  constructor(node: NodeUnderTest, { seed, stages, killWithinMs }: Setting) {
    this.#node = node;
    this.#random = new SeededRandom(seed);
    this.#stages = stages;
    this.#killWithinMs = killWithinMs;
    this.#overlaps = Overlaps.watch(stages.map((it) => it.stage));
  }

  async begin(): Promise<void> {
    for (const { stage, cast } of this.#stages) {
      const steady = namesOf("steady", cast.steady).map((it) => stage.id(it));
      const resting = namesOf("resting", cast.resting).map((it) => stage.id(it));
      const changing = namesOf("changing", cast.changing).map((it) => stage.id(it));
      for (const id of [...steady, ...resting]) await this.#apply(stage, id, { revisionId: "s1" });
      for (const id of changing) await this.#apply(stage, id, { revisionId: this.#nextRevision() });
      for (const id of [...steady, ...resting]) await this.#node.reaches(id, "RUNNING");
      for (const id of steady) this.#steadyRuns.set(id, await stage.run(id));
      for (const id of resting) this.#restingPlaces.set(id, await stage.place(id));
    }
  }

  async killOnce(round: number): Promise<void> {
    const requests = this.#stages.flatMap((it) => this.#requests(it, round));
    await pause(this.#random.integer(this.#killWithinMs));
    await this.#node.restart("SIGKILL");
    await Promise.all(requests);
    if (round % 5 === 0) await this.#checkSteady();
  }

  /** Sends requests without waiting; what has no answer when the agent is killed may or may not have been taken. */
  #requests({ stage, cast }: Staged, round: number): Promise<void>[] {
    const sent: Promise<void>[] = [];
    const oneOf = (part: string, count: number): string =>
      stage.id(`${part}-${this.#random.integer(count)}`);
    const changed = { revisionId: this.#nextRevision() };
    sent.push(this.#apply(stage, oneOf("changing", cast.changing), changed));
    const guest = oneOf("guest", cast.guests);
    const applied = { revisionId: this.#nextRevision() };
    sent.push(this.#random.chance(0.5) ? this.#apply(stage, guest, applied) : this.#remove(guest));
    if (cast.resting > 0) {
      const desired = this.#random.chance(0.5) ? "running" : "stopped";
      sent.push(this.#want(oneOf("resting", cast.resting), desired));
    }
    if (round <= cast.jobs) {
      const [id, exitCode] = [stage.id(`job-${round}`), 10 + round];
      this.#jobs.set(id, exitCode);
      sent.push(this.#apply(stage, id, { revisionId: "j1", exitCode }));
    }
    return sent;
  }

  async #apply(stage: CrashStage, id: string, workload: CrashWorkload): Promise<void> {
    const { revisionId } = workload;
    this.#stageOf.set(id, stage);
    await this.#wish(id, { kind: "revision", revisionId, desired: "running" }, () =>
      stage.apply(id, workload),
    );
  }

  async #want(id: string, desired: Desired): Promise<void> {
    const desiredState = desired === "running" ? 1 : 2;
    await this.#wish(id, { kind: "revision", revisionId: "s1", desired }, () =>
      this.#node.client.applyWorkload({ id, desiredState }),
    );
  }

  async #remove(id: string): Promise<void> {
    await this.#wish(id, { kind: "deleted" }, () => this.#node.client.deleteWorkload({ id }));
  }

  async #wish(id: string, wish: Wish, ask: () => Promise<unknown>): Promise<void> {
    const possible = [...(this.#possible.get(id) ?? [{ kind: "deleted" } as const]), wish];
    this.#possible.set(id, possible);
    const answered = await ask().then(
      () => true,
      () => false,
    );
    if (!answered) return;
    const now = this.#possible.get(id) ?? [];
    this.#possible.set(id, now.slice(now.indexOf(wish)));
  }

  #nextRevision(): string {
    this.#revisions += 1;
    return `r${this.#revisions}`;
  }

  async #checkSteady(): Promise<void> {
    for (const [id, run] of this.#steadyRuns)
      expect(await this.#stageOf.get(id)?.run(id), `${id} kept its run`).toBe(run);
  }

  async checkConverged(): Promise<void> {
    await this.#checkSteady();
    for (const [id, wishes] of this.#possible) {
      await this.#checkState(id, wishes);
      if (this.#jobs.has(id)) await this.#checkJob(id);
      else await this.#checkLive(id);
    }
    for (const id of this.#steadyRuns.keys())
      expect(this.#stageOf.get(id)?.lines(id), `${id} was started once`).toEqual(["s1"]);
    for (const [id, place] of this.#restingPlaces)
      expect(await this.#stageOf.get(id)?.place(id), `${id} kept its place`).toBe(place);
    expect(await this.#overlaps.end(), "nothing is up twice at any moment").toEqual([]);
    expect(this.#overlaps.looks).toBeGreaterThan(0);
    await this.#checkSurplus();
  }

  async #checkState(id: string, wishes: readonly Wish[]): Promise<void> {
    const allowed = wishes.map((it) => this.#stateFor(id, it));
    await expect
      .poll(
        async () =>
          allowed.includes(await this.#state(id))
            ? "as asked"
            : `${await this.#state(id)} is none of ${allowed.join(", ")}`,
        { ...slowly, message: id },
      )
      .toBe("as asked");
  }

  #stateFor(id: string, wish: Wish): string {
    if (wish.kind === "deleted") return "absent";
    if (this.#jobs.has(id)) return `FAILED ${wish.revisionId}`;
    return `${wish.desired.toUpperCase()} ${wish.revisionId}`;
  }

  async #checkLive(id: string): Promise<void> {
    const live = (await this.#stageOf.get(id)?.live()) ?? [];
    const up = live.filter((it) => it.id === id).map((it) => `RUNNING ${it.revisionId}`);
    const state = await this.#state(id);
    const isUp = state.startsWith("RUNNING");
    expect(up, `${id}: what runs is what is said`).toEqual(isUp ? [state] : []);
  }

  /** A job runs once, whenever the agent was killed. */
  async #checkJob(id: string): Promise<void> {
    if ((await this.#state(id)) === "absent") return;
    const { metadata } = await this.#node.status(id);
    expect(metadata["exit"], `${id}: its exit code is known`).toBe(`code ${this.#jobs.get(id)}`);
    expect(this.#stageOf.get(id)?.lines(id), `${id} ran once`).toEqual(["j1"]);
  }

  /** What was only kept until its successor had stayed up goes a moment later. */
  async #checkSurplus(): Promise<void> {
    const { workloads } = await this.#node.client.listWorkloads({});
    for (const { stage } of this.#stages) {
      const ids = workloads.map((it) => it.id).filter((id) => this.#stageOf.get(id) === stage);
      await expect.poll(() => stage.surplus(ids), slowly).toEqual([]);
    }
  }

  async #state(id: string): Promise<string> {
    const { workloads } = await this.#node.client.listWorkloads({});
    const found = workloads.find((it) => it.id === id);
    if (found === undefined) return "absent";
    const state = stateName(found.actualState);
    return found.observedRevisionId === found.revisionId
      ? `${state} ${found.revisionId}`
      : `${state}, ${found.observedRevisionId} of ${found.revisionId}`;
  }

  /** What the agent says of everything that is not as wanted, and the end of its log. */
  async explainUnsettled(): Promise<string> {
    const { agent } = this.#node;
    const told = await this.#explanations().catch((error: unknown) => [String(error)]);
    return [...told, agent.running ? "" : "the agent has ended", ...agent.stderr.slice(-60)].join(
      "\n",
    );
  }

  async #explanations(): Promise<readonly string[]> {
    const { client } = this.#node;
    const { workloads } = await client.listWorkloads({});
    const open = workloads.filter((it) => stateName(it.actualState) !== "RUNNING");
    const told = await Promise.all(open.map(({ id }) => client.explainWorkload({ id })));
    return told.map((it) => toJsonString(ExplainWorkloadResponseSchema, it));
  }

  /** Deletes everything; nothing may be left. */
  async deleteAll(): Promise<void> {
    const { workloads } = await this.#node.client.listWorkloads({});
    await Promise.all(workloads.map(({ id }) => this.#node.client.deleteWorkload({ id })));
    await expect
      .poll(async () => (await this.#node.client.listWorkloads({})).workloads.length, slowly)
      .toBe(0);
    for (const { stage } of this.#stages) expect(await stage.surplus([])).toEqual([]);
    const { orphans } = await this.#node.client.healthCheck({});
    expect(orphans).toEqual([]);
  }

  /** Looks at nothing any more. Never rejects: what went wrong was told before. */
  async end(): Promise<void> {
    await this.#overlaps.end().catch(() => undefined);
  }
}

function namesOf(part: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${part}-${at}`);
}
