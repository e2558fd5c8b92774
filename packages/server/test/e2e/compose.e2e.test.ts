import { create } from "@bufbuild/protobuf";
import { explainError } from "@persys/client";
import { ApplyWorkloadRequestSchema, type ApplyWorkloadResponse } from "@persys/transports/gen";
import { expect, it } from "vitest";
import { anyCommand, describeWithCompose } from "../../../../test/docker/compose-commands.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { ContainerNode } from "../support/container-node.ts";

/** A service that is done after some seconds, in which a command waits for it. */
const slowJob = `  job: { image: "${testImages.busybox}", command: [sleep, "4"] }`;

/** A web server beside what stands for a database, which has a volume. */
function shop(greeting: string, more = "", services = ""): string {
  return `
services:
  web:
    image: ${testImages.web}
    restart: always
    environment: { GREETING: "${greeting}", TOKEN: "\${TOKEN}" }
    ${more}
  db:
    image: ${testImages.busybox}
    command: [/bin/linger]
    volumes: ["data:/data"]
${services}
volumes:
  data: {}
`;
}

describeWithCompose("an agent", anyCommand(), (words) => {
  function apply(
    { node }: ContainerNode,
    id: string,
    composeYaml: string,
    revisionId = "",
  ): Promise<ApplyWorkloadResponse> {
    const value = { composeYaml, env: { TOKEN: "very-secret" } };
    const spec = { spec: { case: "compose", value } } as const;
    return node.client.applyWorkload(create(ApplyWorkloadRequestSchema, { id, revisionId, spec }));
  }

  /** The container of each service of a workload. */
  async function services(host: ContainerNode, id: string): Promise<ReadonlyMap<string, string>> {
    const found = await host.outsider.containers(id);
    return new Map(found.map((one) => [one.Labels["com.docker.compose.service"] ?? "", one.Id]));
  }

  it("runs a compose application, updates it, heals it, survives a kill, and deletes it", async () => {
    const host = await ContainerNode.start({
      env: {
        PERSYS_COMPOSE_ENABLED: "true",
        PERSYS_COMPOSE_BINARY: words.join(" "),
        PERSYS_SETTLE_TIME: "1s",
      },
    });
    const { node } = host;
    const id = host.id("Shop");

    const refused = await apply(host, id, shop("a", "privileged: true")).then(
      () => expect.unreachable("it was not refused"),
      (error: unknown) => explainError(error),
    );
    expect(refused).toMatchObject({ code: "failed_precondition", reason: "POLICY_DENIED" });
    expect(refused.violations[0]?.field).toBe("spec.compose.compose_yaml.services.web.privileged");
    expect(await node.state(id)).toBe("absent");

    await apply(host, id, shop("a"), "1");
    await node.reaches(id, "RUNNING");
    const first = await services(host, id);
    expect((await node.status(id)).metadata["compose.service.web"]).toContain("1/1 running");
    const shown = await node.client.getWorkload({ id });
    expect(JSON.stringify(shown.spec?.spec)).not.toContain("very-secret");

    await apply(host, id, shop("b"), "2");
    await node.reaches(id, "RUNNING");
    const second = await services(host, id);
    expect(second.get("db")).toBe(first.get("db"));
    expect(second.get("web")).not.toBe(first.get("web"));

    await host.docker.getContainer(second.get("db") ?? "").kill();
    await expect
      .poll(
        async () =>
          (await host.docker.getContainer(second.get("db") ?? "").inspect()).State.Running,
        {
          timeout: 30_000,
        },
      )
      .toBe(true);
    expect(await services(host, id)).toEqual(second);

    await node.restart("SIGKILL");
    await node.reaches(id, "RUNNING");
    expect(await services(host, id)).toEqual(second);

    // A kill in the middle of an update, whose command goes on alone, and one in the middle of a removal.
    await apply(
      host,
      id,
      shop("c", "depends_on: { job: { condition: service_completed_successfully } }", slowJob),
      "3",
    );
    await expect
      .poll(async () => (await services(host, id)).has("job"), { timeout: 30_000 })
      .toBe(true);
    await node.restart("SIGKILL");
    await node.reaches(id, "RUNNING");
    const third = await services(host, id);
    expect(third.get("db")).toBe(first.get("db"));
    expect((await host.outsider.containers(id)).length).toBe(third.size);

    await node.client.deleteWorkload({ id });
    await node.restart("SIGKILL");
    await node.reaches(id, "absent");
    expect(await host.census()).toEqual([]);
  }, 180_000);
});
