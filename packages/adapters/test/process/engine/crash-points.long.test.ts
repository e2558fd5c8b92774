import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type AgentLife, type Asked, CrashNode, type Told } from "./crash-node.ts";

/** What is asked of an agent that dies on the way, and what has to be so at the end, wherever it died. */
interface Story {
  readonly what: string;
  /** What agents that live are asked before, each until it is at rest. */
  readonly before: (node: CrashNode) => readonly (readonly Asked[])[];
  readonly ask: (node: CrashNode) => Asked;
  /** Programs that run at the end, the neighbour's included. */
  readonly running: readonly string[];
}

function serve(node: CrashNode, id: string, revisionId: string): Asked {
  // The line it runs under tells which revision it is of. Only bash can give it one.
  const line = `exec -a ${id}-${revisionId} sleep 1000`;
  const spec = { command: ["/bin/bash", "-c", line], env: { MARK: node.host.mark } };
  return { kind: "apply", id, revisionId, spec };
}

const neighbour = (node: CrashNode): Asked => serve(node, "neighbour", "r1");
const web = (node: CrashNode): readonly Asked[] => [neighbour(node), serve(node, "web", "r1")];
const want = (desired: "running" | "stopped"): Asked => ({ kind: "want", id: "web", desired });

const stories: readonly Story[] = [
  {
    what: "an apply",
    before: (node) => [[neighbour(node)]],
    ask: (node) => serve(node, "web", "r1"),
    running: ["neighbour-r1", "web-r1"],
  },
  {
    what: "an update",
    before: (node) => [web(node)],
    ask: (node) => serve(node, "web", "r2"),
    running: ["neighbour-r1", "web-r2"],
  },
  {
    what: "an update that is given up",
    before: (node) => [web(node)],
    ask: (node) => ({
      kind: "apply",
      id: "web",
      revisionId: "r2",
      spec: node.host.script("exit 1"),
    }),
    running: ["neighbour-r1", "web-r1"],
  },
  {
    what: "a stop",
    before: (node) => [web(node)],
    ask: () => want("stopped"),
    running: ["neighbour-r1"],
  },
  {
    what: "a start",
    before: (node) => [web(node), [want("stopped")]],
    ask: () => want("running"),
    running: ["neighbour-r1", "web-r1"],
  },
  {
    what: "a delete",
    before: (node) => [web(node)],
    ask: () => ({ kind: "delete", id: "web" }),
    running: ["neighbour-r1"],
  },
];

/** Lives through a story in which the agent kills itself at a point. Resolves with whether it came to that. */
async function liveThrough(story: Story, dieAt: number): Promise<boolean> {
  const node = new CrashNode();
  for (const asked of story.before(node)) expectRest(await node.live(asked));
  const neighbourPid = await node.host.pid("neighbour");
  const ask = story.ask(node);

  const first = await node.live([ask], dieAt);
  const isCrash = first.told === undefined;
  const second = await node.live(first.answered > 0 ? [] : [ask]);

  expectRest(second);
  expect(await node.host.pid("neighbour")).toBe(neighbourPid);
  expect(runningOn(node)).toEqual(story.running);
  expect(atMostOneRepeat(first, second)).toEqual([]);
  const { told, journal } = await node.live([]);
  expect(journal).toEqual([]);
  expect(settledOf(told)).toEqual(settledOf(second.told));
  await node.live(["web", "neighbour"].map((id) => ({ kind: "delete", id })));
  expect(node.host.census()).toEqual([]);
  await node.close();
  return isCrash;
}

function expectRest({ told }: AgentLife): void {
  expect(told?.isAtRest).toBe(true);
}

/** The programs that run, as the lines of their commands tell. */
function runningOn(node: CrashNode): readonly string[] {
  const lines = node.host.commandLines();
  return lines.filter((line) => /^[a-z]+-r\d 1000$/.test(line)).map((line) => line.slice(0, -5));
}

/** The history without what differs from one life to the next. */
function settledOf(told: Told | undefined): readonly string[] {
  return (told?.actions ?? []).map(
    ({ type, workloadId, generation, status }) => `${type} ${workloadId} ${generation} ${status}`,
  );
}

/** Changes that the second agent repeated though another one was interrupted. */
function atMostOneRepeat(first: AgentLife, second: AgentLife): readonly string[] {
  const done = first.journal.filter((line) => !line.startsWith("dies "));
  const interrupted = done.at(-1);
  return second.journal.filter(
    (line, at) => done.includes(line) && !(at === 0 && line === interrupted),
  );
}

it.each(stories)(
  "an agent that is killed at any point finishes $what",
  async (story) => {
    let dieAt = 1;
    while (await liveThrough(story, dieAt)) dieAt += 1;
    expect(dieAt).toBeGreaterThan(4);
  },
  1_800_000,
);

it("a job that may be started once is never started twice, wherever the agent is killed", async () => {
  let isCrash = true;
  for (let dieAt = 1; isCrash; dieAt += 1) {
    const node = new CrashNode();
    const runs = join(node.host.root, "runs");
    const spec = node.host.script(`echo run >> ${runs}`, { restartPolicy: { policy: "no" } });
    const ask: Asked = { kind: "apply", id: "job", revisionId: "r1", spec };

    const first = await node.live([ask], dieAt);
    isCrash = first.told === undefined;
    const { told } = await node.live(first.answered > 0 ? [] : [ask]);

    const count = existsSync(runs) ? readFileSync(runs, "utf8").split("\n").length - 1 : 0;
    const [status] = told?.statuses ?? [];
    const said = status?.actual === "stopped" ? 1 : 0;
    expect([count, status?.actual]).toEqual([said, said === 1 ? "stopped" : "failed"]);
    await node.close();
  }
}, 1_800_000);
