import { describe, expect, it } from "vitest";
import { judge } from "../../src/crash-matrix/judge.ts";
import { type Account, play } from "../../src/crash-matrix/play.ts";
import { SimulatedCrashWorld } from "../../src/crash-matrix/simulated-crash-world.ts";
import { crashStories } from "../../src/crash-matrix/stories.ts";
import type { CrashStory } from "../../src/crash-matrix/story.ts";

const story: CrashStory = crashStories.find((told) => told.name === "update") ?? {
  name: "",
  title: "",
  before: [],
  end: {},
  acts: [],
};

function undisturbed(): Promise<Account> {
  return play(story, new SimulatedCrashWorld(), { blows: [], repeats: true });
}

/** Promises that are found broken when the account of a life is like the undisturbed one but for these. */
async function broken(change: (account: Account) => Partial<Account>): Promise<readonly string[]> {
  const account = await undisturbed();
  return judge(story, account, { ...account, ...change(account) }).map(({ promise }) => promise);
}

const death = { changes: 2, starting: ["web"], unstored: [], up: new Map<string, string>() };

describe("the judgement of a life", () => {
  it("finds nothing in the undisturbed one, which is the same each time", async () => {
    expect(await undisturbed()).toEqual(await undisturbed());
    expect(await broken(() => ({}))).toEqual([]);
  });

  it("finds a call that is made twice without a death before it", async () => {
    const twice = ({ changes }: Account): Partial<Account> => ({
      changes: changes.flatMap((made) =>
        made.text === "replace r2" ? [made, { ...made }] : [made],
      ),
    });

    expect(await broken(twice)).toEqual(["at most the interrupted call of web twice"]);
    expect(await broken((account) => ({ ...twice(account), deaths: [death] }))).toEqual([]);
  });

  it("finds a start that is repeated though it was done", async () => {
    const repeated = ({ changes }: Account): Partial<Account> => ({
      changes: changes.flatMap((made) =>
        made.text === "replace r2" ? [made, { ...made }] : [made],
      ),
      deaths: [{ ...death, up: new Map([["web", "r2"]]) }],
    });

    expect(await broken(repeated)).toEqual(["at most the interrupted call of web twice"]);
  });

  it("finds a call that is missing", async () => {
    expect(await broken(({ changes }) => ({ changes: changes.slice(1) }))).toEqual([
      "at most the interrupted call of web twice",
    ]);
  });

  it("finds a second run", async () => {
    expect(await broken(({ runs }) => ({ runs: { ...runs, web: 2 } }))).toEqual([
      "no run of web more",
    ]);
  });

  it("finds a neighbour that was started anew", async () => {
    const anew = ({ bystanders }: Account): Partial<Account> => ({
      bystanders: { ...bystanders, after: { neighbour: "run 99 of another" } },
    });

    expect(await broken(anew)).toEqual(["neighbour, which nobody asked about, runs on"]);
  });

  it("finds what is left over, and what an agent still has to do", async () => {
    const left = ({ end }: Account): Partial<Account> => ({
      end: { ...end, workloads: { ...end.workloads, ghost: { instances: [] } } },
      afterwards: { changes: ["runtime remove ghost"], commits: 1 },
    });

    expect(await broken(left)).toEqual([
      "the same end: ghost",
      "nothing is left to do for another agent",
    ]);
  });

  it("finds an action that is told twice, and one that is not told", async () => {
    const promise = "each action once in the history";
    const [first = "", ...rest] = (await undisturbed()).end.actions;

    const told = async (actions: readonly string[]): Promise<readonly string[]> =>
      broken(({ end }) => ({ end: { ...end, actions } }));

    expect(await told([first, first, ...rest])).toContain(promise);
    expect(await told(rest)).toContain(promise);
  });

  it("finds a request that was stored as something else", async () => {
    const other = ({ wishes }: Account): Partial<Account> => ({
      wishes: { ...wishes, web: [{ creation: 1, generation: 1, wish: "running r1" }] },
    });

    expect(await broken(other)).toContain("each request is stored whole and once: web.0.wish");
  });

  it("grants an interrupted start that it is counted, and nothing else", async () => {
    const shown = async (member: object): Promise<readonly string[]> =>
      broken(({ end }) => {
        const web = JSON.parse(JSON.stringify(end.workloads["web"])) as { status: object };
        const changed = { ...web, status: { ...web.status, ...member } };
        return { end: { ...end, workloads: { ...end.workloads, web: changed } }, deaths: [death] };
      });

    expect(await shown({ restarts: 1 })).toEqual([]);
    expect(await shown({ restarts: 2 })).toEqual(["the same end: web.status.restarts"]);
    expect(await shown({ actual: "failed" })).toEqual(["the same end: web.status.actual"]);
  });
});
