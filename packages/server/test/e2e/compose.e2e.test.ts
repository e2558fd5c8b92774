import { explainError } from "@persys/client";
import { FailureReason } from "@persys/transports/gen";
import { expect, it } from "vitest";
import { anyCommand, describeWithCompose } from "../../../../test/docker/compose-commands.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { ComposeNode } from "../support/compose-node.ts";
import { shop } from "../support/compose-shop.ts";

/** Polls for as long as a busy machine may take. */
const slowly = { timeout: 30_000, interval: 50 } as const;

const env = { TOKEN: "very-secret" };

/** A service that is done after some seconds, in which a command waits for it. */
const slowJob = { image: testImages.busybox, command: ["sleep", "4"] };

const greeting = (text: string): object => ({ GREETING: text, TOKEN: "${TOKEN}" });

describeWithCompose("an agent", anyCommand(), (words) => {
  it("runs a compose application, updates it, heals it, survives a kill, and deletes it", async () => {
    const nodes = await ComposeNode.start(words, { env: { PERSYS_SETTLE_TIME: "1s" } });
    const { node } = nodes;
    const id = nodes.host.id("Shop");

    const refused = await nodes.apply(id, shop({ web: { privileged: true } }), { env }).then(
      () => expect.unreachable("it was not refused"),
      (error: unknown) => explainError(error),
    );
    expect(refused).toMatchObject({ code: "failed_precondition", reason: "POLICY_DENIED" });
    expect(refused.violations[0]?.field).toBe("spec.compose.compose_yaml.services.web.privileged");
    expect(await node.state(id)).toBe("absent");

    await nodes.apply(id, shop(), { revisionId: "1", env });
    await node.reaches(id, "RUNNING");
    const first = await nodes.services(id);
    const { metadata } = await node.status(id);
    expect(metadata["compose.service.web"]).toContain("1/1 running, healthy");
    expect(metadata["compose.service.migration"]).toContain("done, exit code 0");
    const shown = await node.client.getWorkload({ id });
    expect(JSON.stringify(shown.spec?.spec)).not.toContain("very-secret");

    await nodes.apply(id, shop({ web: { environment: greeting("b") } }), { revisionId: "2", env });
    await node.reaches(id, "RUNNING");
    const second = await nodes.services(id);
    expect(second["db"]).toEqual(first["db"]);
    expect(second["migration"]?.containerId).toBe(first["migration"]?.containerId);
    expect(second["web"]?.containerId).not.toBe(first["web"]?.containerId);

    const missing = { image: "persys-test/none:1", pull_policy: "never" };
    await nodes.apply(id, shop({ web: missing }), { revisionId: "3", env });
    await node.reaches(id, "FAILED");
    const { failure } = await node.status(id);
    expect(failure).toMatchObject({ reason: FailureReason.IMAGE_NOT_FOUND });
    expect(failure?.message).toContain("service web");
    expect(await nodes.services(id)).toEqual(second);

    await nodes.host.docker.getContainer(second["db"]?.containerId ?? "").kill();
    await expect
      .poll(async () => (await nodes.services(id))["db"]?.startedAt, slowly)
      .not.toBe(second["db"]?.startedAt);
    await expect
      .poll(() => nodes.services(id), slowly)
      .toMatchObject({
        web: second["web"],
        migration: second["migration"],
        db: { containerId: second["db"]?.containerId, state: "running" },
      });
    const healed = await nodes.services(id);

    await node.restart("SIGKILL");
    expect(await nodes.services(id)).toEqual(healed);

    // A kill in the middle of an update, whose command goes on alone, and one in the middle of a removal.
    const waiting = { job: { condition: "service_completed_successfully" } };
    const web = { environment: greeting("c"), depends_on: waiting };
    await nodes.apply(id, shop({ web, services: { job: slowJob } }), { revisionId: "4", env });
    await expect.poll(async () => (await nodes.containerIds(id)).has("job"), slowly).toBe(true);
    await node.restart("SIGKILL");
    await node.reaches(id, "RUNNING");
    const third = await nodes.services(id);
    expect(third["db"]).toEqual(healed["db"]);
    expect(third["web"]?.containerId).not.toBe(healed["web"]?.containerId);

    await node.client.deleteWorkload({ id });
    await node.restart("SIGKILL");
    await node.reaches(id, "absent");
    expect(await nodes.host.census()).toEqual([]);
  }, 300_000);
});
