import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { engineOfTest, nodesOn, reasonOf, server } from "../support/engine-outage.ts";
import {
  failTwice,
  faulty,
  guarded,
  lacking,
  refusing,
  run,
  type Trouble,
} from "../support/registry-outage.ts";
import { tempFolder } from "../support/temp-folder.ts";

describeWithDocker("a registry in trouble", () => {
  it("is told by a reason of its own, keeps up nobody else, and is tried again until it has recovered", async () => {
    const engine = await engineOfTest();
    const { docker } = engine;
    const configFile = `${tempFolder()}/config.json`;
    writeFileSync(configFile, "{}");
    const nodes = await nodesOn(engine, {
      PERSYS_BACKOFF_MAX: "1s",
      PERSYS_DOCKER_CONFIG: configFile,
    });
    const refused = await refusing(docker);
    const troubles = new Map<string, Trouble>([
      [nodes.id("refused"), refused],
      [nodes.id("corrupt"), await faulty(docker, { kind: "corrupts layers" }, "IMAGE_PULL_FAILED")],
      [
        nodes.id("ill"),
        await faulty(docker, { kind: "answers", status: 503 }, "IMAGE_PULL_FAILED"),
      ],
      [nodes.id("lacking"), lacking(docker)],
      [nodes.id("guarded"), await guarded(docker, configFile)],
    ]);
    const settled = nodes.id("settled");
    await nodes.apply(settled, server(), { revisionId: "r1" });
    await run(nodes, [settled]);
    const place = await nodes.containerId(settled);

    for (const [id, { image }] of troubles) await nodes.apply(id, { image });
    await nodes.apply(settled, { image: refused.image }, { revisionId: "r2" });
    await failTwice(nodes, troubles);
    expect(reasonOf(await nodes.node.status(settled))).toBe("NETWORK_ERROR");
    expect(await nodes.containerId(settled)).toBe(place);
    expect((await nodes.outsider.inspect(settled)).State.Running).toBe(true);
    const other = nodes.id("other");
    await nodes.apply(other, server());
    await run(nodes, [other]);

    for (const { mend } of troubles.values()) await mend();
    await run(nodes, [...troubles.keys(), settled]);
    expect((await nodes.node.status(settled)).observedRevisionId).toBe("r2");
  }, 120_000);
});
