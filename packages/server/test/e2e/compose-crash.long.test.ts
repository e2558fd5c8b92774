import { expect, it } from "vitest";
import { describeWithCompose, testedCommands } from "../../../../test/docker/compose-commands.ts";
import { killDuringUpAndDown } from "../support/compose-kills.ts";
import { ComposeNode } from "../support/compose-node.ts";

for (const command of testedCommands)
  describeWithCompose("an agent that is killed", command, (words) => {
    it("while it brings a project up or down is followed by one that finishes that", async () => {
      const nodes = await ComposeNode.start(words);

      await killDuringUpAndDown(nodes, { count: 10, stepMs: 350 });

      await nodes.node.client.deleteWorkload({ id: nodes.host.id("shop") });
      await expect.poll(() => nodes.host.census(), { timeout: 60_000 }).toEqual([]);
    });
  });
