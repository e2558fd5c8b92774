import type { TestContext } from "vitest";
import { CrashPoints, MortalStore } from "./crash-points.ts";
import { DockerGateway } from "./docker-gateway.ts";
import { EngineOverDocker } from "./engine-over-docker.ts";

/** What is asked of an agent that dies on the way, and finished by the one that comes after it. */
export interface CrashStory {
  /** What was so before, made by an agent that lived. */
  readonly before?: (node: EngineOverDocker) => Promise<unknown>;
  /** Asked of the agent that dies, and again of the next one by a client that got no answer. */
  readonly ask: (node: EngineOverDocker) => Promise<unknown>;
  readonly isDone: (node: EngineOverDocker) => boolean;
  /** Checks what is so at the end. */
  readonly after: (node: EngineOverDocker) => Promise<void>;
}

/** Lives through a story with a death at the given point. Resolves with whether it came to that. */
async function liveThrough(test: TestContext, dieAt: number, story: CrashStory): Promise<boolean> {
  const node = EngineOverDocker.idle(test);
  if (story.before !== undefined) {
    await node.startEngine();
    await story.before(node);
    await node.stopEngine();
  }
  const points = await startMortal(test, node, dieAt);
  const answered = story.ask(node).then(
    () => true,
    () => false,
  );
  const { hasDied } = points;
  await node.becomes(() => hasDied() || story.isDone(node), { name: "web" });
  const isCrash = hasDied();
  const dead = node.abandonEngine();
  points.bury();

  await node.startEngine();
  if (!(await answered)) await story.ask(node);
  await dead?.stop();
  await node.becomes(() => story.isDone(node), { name: "web" });
  await story.after(node);
  return isCrash;
}

/** Lives through a story with a death at each point there is, and once without. Resolves with how many there were. */
export async function liveThroughAll(test: TestContext, story: CrashStory): Promise<number> {
  let next = 1;
  let last = Number.POSITIVE_INFINITY;
  const work = async (): Promise<void> => {
    while (next < last) {
      const dieAt = next;
      next += 1;
      const isCrash = await liveThrough(test, dieAt, story).catch((error: unknown) => {
        throw new Error(`after a death at point ${dieAt}`, { cause: error });
      });
      if (!isCrash) last = Math.min(last, dieAt);
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return last - 1;
}

async function startMortal(
  test: TestContext,
  node: EngineOverDocker,
  dieAt: number,
): Promise<{ readonly hasDied: () => boolean; readonly bury: () => void }> {
  const points = new CrashPoints(dieAt);
  const gateway = await DockerGateway.open(
    test,
    () => points.pass(),
    () => points.live(),
  );
  await node.startEngine({
    runtime: node.host.another({ endpoint: gateway.endpoint }),
    store: new MortalStore(node.newStore(), points),
  });
  return { hasDied: () => points.isDead, bury: () => points.bury() };
}
