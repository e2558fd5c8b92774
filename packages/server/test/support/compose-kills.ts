import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { ComposeNode } from "./compose-node.ts";
import { shop } from "./compose-shop.ts";

const slowly = { timeout: 180_000, interval: 100 } as const;

const env = { TOKEN: "very-secret" };

/**
 * Kills the agent again and again while it brings a project up, each time a little later, and then while it brings it down. Whatever the
 * command had come to: the project is whole afterwards, has each container once, and goes as a whole.
 */
export async function killDuringUpAndDown(
  nodes: ComposeNode,
  moments: { readonly count: number; readonly stepMs: number },
): Promise<void> {
  const { count, stepMs } = moments;
  const id = nodes.host.id("shop");
  for (let at = 0; at < count; at += 1) {
    const web = { environment: { GREETING: `kill ${at}`, TOKEN: "${TOKEN}" } };
    await nodes.apply(id, shop({ web }), { revisionId: `r${at}`, env });
    await pause(at * stepMs);
    await nodes.node.restart("SIGKILL");
    await expect.poll(() => nodes.node.state(id), slowly).toBe("RUNNING");
    await expect
      .poll(() => nodes.services(id), slowly)
      .toMatchObject({
        web: { state: "running" },
        db: { state: "running" },
        migration: { state: "exited" },
      });
    expect(await nodes.exec(id, "web", ["sh", "-c", "echo $GREETING"])).toBe(`kill ${at}\n`);
    expect(await nodes.exec(id, "web", ["sh", "-c", "echo $TOKEN"])).toBe("very-secret\n");
    if (at % 2 === 0) continue;

    await nodes.node.client.deleteWorkload({ id });
    await pause(at * stepMs);
    await nodes.node.restart("SIGKILL");
    await expect.poll(() => nodes.node.state(id), slowly).toBe("absent");
    expect(await nodes.host.census()).toEqual([]);
  }
}
