import { ComposeRuntime } from "@persys/adapters/compose";
import type { Target } from "@persys/core";
import { expect, it, type TestContext } from "vitest";
import { describeWithCompose, testedCommands } from "../../../../test/docker/compose-commands.ts";
import { dockerHost } from "../../../../test/docker/docker-host.ts";
import { publish, testImages } from "../../../../test/docker/test-images.ts";
import { forever, targetOf } from "../support/runtime-calls.ts";
import { ComposeHarness } from "./compose-harness.ts";

const linger = { image: testImages.busybox, command: ["/bin/linger"], stop_grace_period: "1s" };

/** A node of one test alone, whose workload is a shop. */
function begin(
  words: readonly string[],
  { onTestFinished }: TestContext,
): {
  readonly host: ComposeHarness;
  readonly target: (file: object, revisionId?: string, more?: { projectName?: string }) => Target;
} {
  const host = new ComposeHarness(words);
  onTestFinished(() => host.close());
  return {
    host,
    target: (file, revisionId = "1", more = {}) =>
      targetOf(host.id("shop"), host.spec({ ...file }, { ...more }), { revisionId }),
  };
}

/** The one that packages put where programs are looked for. */
const firstCommand = { name: "docker-compose 1", words: ["docker-compose"] };

for (const command of testedCommands)
  describeWithCompose("A revision of a project", command, (words) => {
    it.concurrent("pulls what it is made from before anything of it runs", async (test) => {
      const { host, target } = begin(words, test);
      const image = await publish(host.docker, dockerHost(), { image: testImages.busybox });
      const first = target({ services: { main: { ...linger, image } } });
      const said = await host.prepare(first);
      expect(said.some((line) => line.startsWith("service main: "))).toBe(true);
      await host.docker.getImage(image).inspect();
      expect((await host.observe(first.id)).kind).toBe("absent");
      await host.runtime.start(first, forever);
      const { Config } = await (await host.containerOf(first.id, "main")).inspect();
      expect(Config.Image).toBe(image);
      await host.runtime.remove(first.id, forever);
      await host.docker.getImage(image).remove();
    }, 120_000);

    it.concurrent("has no place of the node to take relative paths from", async (test) => {
      const { host, target } = begin(words, test);
      for (const volume of ["./data:/data", ".:/data"])
        await expect(
          host.prepare(target({ services: { main: { ...linger, volumes: [volume] } } })),
        ).rejects.toMatchObject({
          code: "INVALID_SPEC",
          violations: [{ path: ["composeYaml", "services", "main", "volumes", 0] }],
        });
    }, 120_000);

    it.concurrent("leaves nothing of services that its file no longer has, and keeps the others", async (test) => {
      const { host, target } = begin(words, test);
      const first = target({ services: { main: linger, old: linger } });
      await host.run(first);
      const before = await host.containersOf(first.id);
      const second = target({ services: { main: linger } }, "2");
      await host.prepare(second);
      await host.runtime.replace(second, forever);
      const after = await host.containersOf(first.id);
      expect([...after]).toEqual([["main", before.get("main")]]);
      expect((await host.current(first.id)).drift).toEqual([]);
    }, 120_000);

    it.concurrent("is the project that its spec names, and takes none of others", async (test) => {
      const { host, target } = begin(words, test);
      const name = `named-${host.id("p")}`;
      const first = target({ services: { main: linger } }, "1", { projectName: name });
      await host.run(first);
      const { Config } = await (await host.containerOf(first.id, "main")).inspect();
      expect(Config.Labels["com.docker.compose.project"]).toBe(name);
      const spec = host.spec({ services: { main: linger } }, { projectName: name });
      const other = targetOf(host.id("other"), spec);
      await expect(host.prepare(other)).rejects.toMatchObject({
        code: "NAME_CONFLICT",
        message: expect.stringContaining(`the compose project ${name} is not this workload's`),
      });
      await host.runtime.remove(first.id, forever);
      expect(await host.census()).toEqual([]);
    }, 120_000);
  });

describeWithCompose("A node that is told no command", firstCommand, () => {
  it("finds one by itself, and says in its health which", async () => {
    const host = new ComposeHarness([]);
    const { endpoint } = dockerHost();
    const runtime = new ComposeRuntime({ endpoint, folder: host.folder, nodeId: host.nodeId });
    expect(await runtime.probe(forever)).toMatchObject({
      healthy: true,
      version: expect.stringMatching(/^docker(?: |-)compose \d+\.\d+\./),
    });
    await host.close();
  });
});

const [first, second] = testedCommands;
if (first !== undefined && second !== undefined)
  for (const [old, fresh] of [
    [first, second],
    [second, first],
  ] as const)
    describeWithCompose(`A project after ${old.name}`, fresh, (words) => {
      it.concurrent("keeps its containers, and is put back service by service", async (test) => {
        const { host, target } = begin(old.words, test);
        const web = { ...linger, restart: "always", volumes: ["data:/data"] };
        const made = target({ services: { web, db: web }, volumes: { data: {} } });
        await host.run(made);
        const before = await host.containersOf(made.id);

        const later = host.another({ binary: words });
        await host.prepare(made, later);
        await later.replace(made, forever);
        expect(await host.containersOf(made.id)).toEqual(before);
        expect((await host.current(made.id)).drift).toEqual([]);

        await (await host.containerOf(made.id, "db")).remove({ force: true });
        await later.replace(made, forever);
        const after = await host.containersOf(made.id);
        expect(after.get("web")).toEqual(before.get("web"));
        expect(after.get("db")).not.toEqual(before.get("db"));
        expect((await host.current(made.id)).drift).toEqual([]);
        await later.remove(made.id, forever);
        expect(await host.census()).toEqual([]);
      }, 120_000);
    });
