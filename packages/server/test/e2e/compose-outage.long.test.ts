import { expect, it, onTestFinished } from "vitest";
import { describeWithCompose, testedCommands } from "../../../../test/docker/compose-commands.ts";
import type { PrivateDockerd } from "../../../../test/docker/private-dockerd.ts";
import { ComposeNode } from "../support/compose-node.ts";
import { shop } from "../support/compose-shop.ts";
import { engineOfTest } from "../support/engine-outage.ts";

/** An agent looks for its engine again after 30 s at the latest. */
const slowly = { timeout: 180_000, interval: 100 } as const;

const env = { TOKEN: "very-secret" };

const ends: readonly (readonly [how: string, end: (engine: PrivateDockerd) => Promise<void>])[] = [
  ["stopped", (engine) => engine.stop()],
  ["killed", (engine) => engine.kill()],
];

for (const command of testedCommands)
  describeWithCompose("an engine under compose applications", command, (words) => {
    it.each(ends)(
      "that is %s and comes back finds each at its place, and what was asked for meanwhile is done",
      async (_, end) => {
        const engine = await engineOfTest();
        const nodes = await ComposeNode.start(words, { endpoint: engine.endpoint });
        onTestFinished(() => engine.up());
        const [steady, updated, deleted, fresh] = [
          nodes.host.id("steady"),
          nodes.host.id("updated"),
          nodes.host.id("deleted"),
          nodes.host.id("fresh"),
        ];
        const inState = async (state: string, ids: readonly string[]): Promise<void> => {
          for (const id of ids) await expect.poll(() => nodes.node.state(id), slowly).toBe(state);
        };
        for (const id of [steady, updated, deleted])
          await nodes.apply(id, shop(), { revisionId: "1", env });
        await inState("RUNNING", [steady, updated, deleted]);
        const before = await nodes.services(steady);
        const places = [await nodes.containerIds(steady), await nodes.containerIds(updated)];

        await end(engine);
        await inState("UNKNOWN", [steady, updated, deleted]);
        const web = { environment: { GREETING: "changed", TOKEN: "${TOKEN}" } };
        await nodes.apply(updated, shop({ web }), { revisionId: "2", env });
        await nodes.apply(fresh, shop(), { revisionId: "1", env });
        await nodes.node.client.deleteWorkload({ id: deleted });
        await engine.up();

        await inState("RUNNING", [steady, updated, fresh]);
        await inState("absent", [deleted]);
        expect(await nodes.containerIds(steady)).toEqual(places[0]);
        expect((await nodes.services(steady))["migration"]).toEqual(before["migration"]);
        const after = await nodes.containerIds(updated);
        expect(after.get("db")).toBe(places[1]?.get("db"));
        expect(after.get("web")).not.toBe(places[1]?.get("web"));
        expect(await nodes.host.outsider.containers(deleted)).toEqual([]);
        const networks = await nodes.host.docker.listNetworks();
        expect(networks.filter((one) => one.Name.startsWith(deleted))).toEqual([]);
      },
    );
  });
