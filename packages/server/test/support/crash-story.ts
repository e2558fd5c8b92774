import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { toJsonString } from "@bufbuild/protobuf";
import { SeededRandom } from "@persys/conformance";
import { ExplainWorkloadResponseSchema } from "@persys/transports/gen";
import { expect } from "vitest";
import { NodeUnderTest, type ShellWorkload, stateName } from "./node-under-test.ts";

const steadyCount = 8;
const jobCount = 4;
const changingCount = 4;
const comingAndGoing = 4;

/** What a workload may be, given what was acknowledged and what was asked for without an answer since. */
type Wish =
  | { readonly kind: "revision"; readonly revisionId: string }
  | { readonly kind: "deleted" };

/**
 * Kills the agent again and again at random moments while 20 processes run, end, change, come and go; then checks that everything is what was
 * last acknowledged, that nothing steady was touched, nothing ran twice and nothing is left over. The seed is in every failure.
 */
export async function surviveKills(kills: number, seed: number): Promise<void> {
  const story = new CrashStory(await NodeUnderTest.start(), seed);
  try {
    await story.begin();
    for (let round = 1; round <= kills; round += 1) await story.killOnce(round);
    await story.checkConverged();
    await story.deleteAll();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const told = `seed ${seed}: ${what}\n${await story.explainUnsettled()}`;
    throw new Error(told, { cause: error });
  }
}

class CrashStory {
  readonly #node: NodeUnderTest;
  readonly #random: SeededRandom;
  /** What is possible for each id: the last acknowledged wish first, then those whose answer never came. */
  readonly #possible: Map<string, Wish[]> = new Map();
  readonly #steadyPids: Map<string, number> = new Map();
  readonly #jobs: Map<string, number> = new Map();
  #revisions = 0;

  constructor(node: NodeUnderTest, seed: number) {
    this.#node = node;
    this.#random = new SeededRandom(seed);
  }

  async begin(): Promise<void> {
    const node = this.#node;
    for (let i = 0; i < steadyCount; i += 1) await this.#apply(`steady-${i}`, "s1");
    for (let i = 0; i < changingCount; i += 1)
      await this.#apply(`changing-${i}`, this.#nextRevision());
    for (let i = 0; i < steadyCount; i += 1) await node.reaches(`steady-${i}`, "RUNNING");
    for (let i = 0; i < steadyCount; i += 1)
      this.#steadyPids.set(`steady-${i}`, await node.pid(`steady-${i}`));
  }

  async killOnce(round: number): Promise<void> {
    const requests = this.#requests(round);
    await pause(this.#random.integer(300));
    await this.#node.restart("SIGKILL");
    await Promise.all(requests);
    if (round % 5 === 0) this.#checkSteady();
  }

  /** Sends requests without waiting; what has no answer when the agent is killed may or may not have been taken. */
  #requests(round: number): Promise<void>[] {
    const sent: Promise<void>[] = [];
    const changing = `changing-${this.#random.integer(changingCount)}`;
    sent.push(this.#apply(changing, this.#nextRevision()));
    const guest = `guest-${this.#random.integer(comingAndGoing)}`;
    sent.push(
      this.#random.chance(0.5) ? this.#apply(guest, this.#nextRevision()) : this.#remove(guest),
    );
    if (round <= jobCount) {
      const exitCode = 10 + round;
      this.#jobs.set(`job-${round}`, exitCode);
      sent.push(this.#apply(`job-${round}`, "j1", exitCode));
    }
    return sent;
  }

  async #apply(id: string, revisionId: string, exitCode?: number): Promise<void> {
    await this.#wish(id, { kind: "revision", revisionId }, () =>
      this.#node.apply(id, this.#workload(id, revisionId, exitCode)),
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

  #workload(id: string, revisionId: string, exitCode: number | undefined): ShellWorkload {
    const noted = `echo ${revisionId} >> ${this.#node.file(id)}`;
    const env = {
      PERSYS_TEST_MARK: `${this.#node.folder}/${id}`,
      PERSYS_TEST_REVISION: revisionId,
    };
    if (exitCode === undefined)
      return { script: `${noted}; exec sleep 900`, revisionId, env, stopGraceSeconds: 2 };
    return { script: `${noted}; sleep 0.3; exit ${exitCode}`, revisionId, env, policy: "no" };
  }

  #nextRevision(): string {
    this.#revisions += 1;
    return `r${this.#revisions}`;
  }

  #checkSteady(): void {
    for (const [id, pid] of this.#steadyPids) {
      expect(
        processesOf(`${this.#node.folder}/${id}`).map((it) => it.pid),
        `${id} kept its process`,
      ).toEqual([pid]);
    }
  }

  async checkConverged(): Promise<void> {
    this.#checkSteady();
    for (const [id, wishes] of this.#possible) {
      if (this.#jobs.has(id)) await this.#checkJob(id, wishes);
      else await this.#checkServer(id, wishes);
    }
    for (const id of this.#steadyPids.keys())
      expect(this.#node.lines(id), `${id} was started once`).toEqual(["s1"]);
  }

  async #checkServer(id: string, wishes: readonly Wish[]): Promise<void> {
    const mark = `${this.#node.folder}/${id}`;
    const allowed = wishes.map((it) =>
      it.kind === "deleted" ? "absent" : `RUNNING ${it.revisionId}`,
    );
    await expect
      .poll(
        async () =>
          allowed.includes(await this.#state(id))
            ? "as asked"
            : `${await this.#state(id)} is none of ${allowed.join(", ")}`,
        { timeout: 30_000, interval: 50 },
      )
      .toBe("as asked");
    const state = await this.#state(id);
    const live = processesOf(mark).map((it) => `RUNNING ${it.revision}`);
    expect(live, `${id}: what runs is what is said`).toEqual(state === "absent" ? [] : [state]);
  }

  /** A job runs once, whenever the agent was killed. */
  async #checkJob(id: string, wishes: readonly Wish[]): Promise<void> {
    const allowed: readonly string[] = wishes.map((it) =>
      it.kind === "deleted" ? "absent" : "FAILED j1",
    );
    await expect
      .poll(async () => allowed.includes(await this.#state(id)), { timeout: 30_000, interval: 50 })
      .toBe(true);
    if ((await this.#state(id)) === "absent") return;
    const { metadata } = await this.#node.status(id);
    expect(metadata["exit"], `${id}: its exit code is known`).toBe(`code ${this.#jobs.get(id)}`);
    expect(this.#node.lines(id), `${id} ran once`).toEqual(["j1"]);
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
      .poll(async () => (await this.#node.client.listWorkloads({})).workloads.length, {
        timeout: 60_000,
        interval: 100,
      })
      .toBe(0);
    expect(processesOf(this.#node.folder)).toEqual([]);
    const { orphans } = await this.#node.client.healthCheck({});
    expect(orphans).toEqual([]);
    expect(remains(`${this.#node.agent.devDir}/processes`)).toEqual([]);
  }
}

/** Live processes that carry the mark in their environment, shells and what they became. */
function processesOf(mark: string): readonly { readonly pid: number; readonly revision: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const variables = readOr(`/proc/${name}/environ`).split("\0");
      const own = variables
        .find((it) => it.startsWith("PERSYS_TEST_MARK="))
        ?.slice("PERSYS_TEST_MARK=".length);
      if (own === undefined || (own !== mark && !own.startsWith(`${mark}/`))) return [];
      const revision =
        variables
          .find((it) => it.startsWith("PERSYS_TEST_REVISION="))
          ?.slice("PERSYS_TEST_REVISION=".length) ?? "";
      return [{ pid: Number(name), revision }];
    });
}

/** A zombie and a process that has gone read as empty. */
function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Folders of instances that are left. */
function remains(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((it) => it.isDirectory())
    .flatMap((it) => readdirSync(`${root}/${it.name}`).map((name) => `${it.name}/${name}`));
}
