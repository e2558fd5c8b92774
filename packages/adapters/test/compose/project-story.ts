import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type AgentError, isLive, keptInstance, type Target } from "@persys/core";
import { expect, it, type TestContext } from "vitest";
import { testImages } from "../../../../test/docker/test-images.ts";
import { endLeftCommands } from "../../src/compose/left-commands.ts";
import { ProjectFolders } from "../../src/compose/project-folders.ts";
import { eventually, forever, idOf, targetOf } from "../support/runtime-calls.ts";
import {
  describeWithCompose,
  type TestedCommand,
} from "../../../../test/docker/compose-commands.ts";
import { ComposeHarness } from "./compose-harness.ts";

/** Members of a spec beside its file. */
type Env = Parameters<ComposeHarness["spec"]>[1];

/** A shop: a web server, what stands for a database in a network of its own, and a migration that has to be done before. */
function shop(web: object = {}): object {
  return {
    services: {
      web: {
        image: testImages.web,
        depends_on: { migration: { condition: "service_completed_successfully" } },
        environment: { GREETING: "${GREETING:-none}" },
        networks: ["default", "back"],
        ...web,
      },
      db: {
        image: testImages.busybox,
        command: ["/bin/linger"],
        networks: ["back"],
        volumes: ["data:/data"],
        healthcheck: { test: ["CMD", "test", "!", "-e", "/sick"], interval: "1s", retries: 1 },
      },
      migration: {
        image: testImages.busybox,
        command: ["sh", "-c", "echo migrated >>/data/log"],
        depends_on: { db: { condition: "service_healthy" } },
        networks: ["back"],
        volumes: ["data:/data"],
      },
    },
    networks: { back: { internal: true } },
    volumes: { data: {} },
  };
}

/** Every file under a folder, as one text. */
function allText(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
}

/** A life of projects under one compose command. */
export function projectStory(command: TestedCommand): void {
  describeWithCompose("A compose project", command, (words) => {
    /** A node of one test alone, whose workload is a shop. */
    function begin({ onTestFinished }: TestContext): {
      readonly host: ComposeHarness;
      readonly target: (file: object, revisionId?: string, more?: Env) => Target;
    } {
      const host = new ComposeHarness(words);
      onTestFinished(() => host.close());
      const target = (file: object, revisionId = "1", more: Env = {}): Target =>
        targetOf(host.id("shop"), host.spec({ ...file }, more), { revisionId });
      return { host, target };
    }

    it.concurrent("is updated and brought back service by service, keeps its volumes, and goes as a whole", async (test) => {
      const { host, target } = begin(test);
      const first = target(shop());
      const { id } = first;
      await host.run(first);
      const up = await host.reaches(id, (one) => one.health === "healthy");
      expect(up).toMatchObject({ state: "running", drift: [], revisionId: "1" });
      expect(up.facts["compose.service.migration"]).toContain("done, exit code 0");
      expect(up.facts["compose.service.db"]).toContain("1/1 running, healthy");
      const before = await host.containersOf(id);

      const second = target(shop({ environment: { GREETING: "changed" } }), "2");
      await host.prepare(second);
      expect(await host.containersOf(id)).toEqual(before);
      await host.runtime.replace(second, forever);
      const after = await host.containersOf(id);
      expect(after.get("db")).toEqual(before.get("db"));
      expect(after.get("web")).not.toEqual(before.get("web"));
      expect(keptInstance(await host.observe(id))?.revisionId).toBe("1");

      await host.runtime.restore(id, forever);
      const restored = await host.current(id);
      expect(restored).toMatchObject({ state: "running", revisionId: "1", drift: [] });
      expect((await host.containersOf(id)).get("db")).toEqual(before.get("db"));

      await host.runtime.stop(id, 2_000, forever);
      expect((await host.current(id)).state).toBe("exited");
      const stopped = await host.containersOf(id);
      await host.runtime.start(first, forever);
      expect(await host.containersOf(id)).toEqual(stopped);

      await host.runtime.remove(id, forever);
      expect((await host.observe(id)).kind).toBe("absent");
      expect(await host.census()).toEqual([]);
    }, 180_000);

    it.concurrent("has a service that was killed, stopped or removed put back alone", async (test) => {
      const { host, target } = begin(test);
      const first = target(shop({ restart: "always" }));
      const { id } = first;
      await host.run(first);
      const before = await host.containersOf(id);
      const db = await host.containerOf(id, "db");

      await db.kill();
      const killed = await host.reaches(id, (one) => one.drift.length > 0);
      expect(killed.drift).toEqual(["service db ended with exit code 137"]);
      await host.runtime.replace(first, forever);
      expect((await host.current(id)).drift).toEqual([]);
      expect(await host.containersOf(id)).toEqual(before);

      await (await host.containerOf(id, "web")).stop({ t: 1 });
      const [phrase] = (await host.reaches(id, (one) => one.drift.length > 0)).drift;
      expect(phrase).toContain("service web was stopped");
      await host.runtime.replace(first, forever);
      expect(await host.containersOf(id)).toEqual(before);

      await db.remove({ force: true });
      const gone = await host.reaches(id, (one) => one.drift.length > 0);
      expect(gone.drift).toEqual(["service db is gone"]);
      await host.runtime.replace(first, forever);
      const after = await host.containersOf(id);
      expect(after.get("web")).toEqual(before.get("web"));
      expect(after.get("migration")).toEqual(before.get("migration"));
      expect((await host.current(id)).drift).toEqual([]);
    }, 180_000);

    it.concurrent("tells what cannot be brought up before anything that runs is touched", async (test) => {
      const { host, target } = begin(test);
      const first = target(shop());
      const { id } = first;
      await host.run(first);
      const before = await host.containersOf(id);
      const broken = target(shop({ image: "persys-test/none:1", pull_policy: "never" }), "2");
      await expect(host.prepare(broken)).rejects.toMatchObject({
        code: "IMAGE_NOT_FOUND",
        message: expect.stringContaining("service web"),
      });
      const invalid = target(shop({ ports: ["not a port"] }), "3");
      await expect(host.prepare(invalid)).rejects.toMatchObject({ code: "INVALID_SPEC" });
      expect(await host.containersOf(id)).toEqual(before);
    }, 180_000);

    it.concurrent("keeps its environment out of its folder, and the agent's out of its environment", async (test) => {
      const { host, target } = begin(test);
      const file = {
        services: {
          main: {
            image: testImages.busybox,
            command: ["/bin/linger"],
            environment: { SECRET: "${TOKEN}", LEAK: "${AGENT_TEST_LEAK:-nothing}" },
          },
        },
      };
      process.env["AGENT_TEST_LEAK"] = "leaked";
      const first = target(file, "1", { env: { TOKEN: "very-secret" } });
      await host.run(first);
      delete process.env["AGENT_TEST_LEAK"];
      const { Config } = await (await host.containerOf(first.id, "main")).inspect();
      expect(Config.Env).toContain("SECRET=very-secret");
      expect(Config.Env).toContain("LEAK=nothing");
      expect(allText(host.folder)).not.toContain("very-secret");
      const [folder = ""] = readdirSync(host.folder);
      expect(folder).toMatch(/^[0-9a-f]{40}$/);
      expect(statSync(join(host.folder, folder)).mode & 0o777).toBe(0o700);
      expect(statSync(join(host.folder, folder, "state.json")).mode & 0o777).toBe(0o600);
    }, 120_000);

    it.concurrent("keeps its volumes where it is to retain them", async (test) => {
      const { host, target } = begin(test);
      const first = target(shop(), "1", { retainVolumes: true });
      await host.run(first);
      await host.runtime.remove(first.id, forever);
      expect(await host.census()).toEqual([expect.stringContaining("volume ")]);
      await host.run(first);
      const { Mounts } = await (await host.containerOf(first.id, "db")).inspect();
      expect(Mounts[0]?.Name).toContain("data");
    }, 180_000);

    it.concurrent("is left alone where its file wants that, and FAILED is told by its service", async (test) => {
      const { host, target } = begin(test);
      const file = {
        services: {
          main: { image: testImages.busybox, command: ["/bin/linger"], stop_grace_period: "1s" },
          once: { image: testImages.busybox, command: ["sh", "-c", "exit 4"], restart: "no" },
        },
      };
      const first = target(file);
      await host.run(first);
      const failed = await host.reaches(first.id, (one) => one.health === "unhealthy");
      expect(failed).toMatchObject({ state: "running", drift: [] });
      expect(failed.healthOutput).toContain("service once ended with exit code 4");
      const before = await host.containersOf(first.id);
      await host.runtime.start(first, forever);
      expect(await host.containersOf(first.id)).toEqual(before);
      expect((await host.current(first.id)).health).toBe("unhealthy");
    }, 120_000);

    it.concurrent("is brought back with its environment by an agent that has it from a later start", async (test) => {
      const { host, target } = begin(test);
      const file = (revision: string): object => ({
        services: {
          main: {
            image: testImages.busybox,
            command: ["/bin/linger"],
            environment: { SECRET: "${TOKEN}", REVISION: revision },
          },
        },
      });
      const first = target(file("1"), "1", { env: { TOKEN: "very-secret" } });
      const second = target(file("2"), "2", { env: { TOKEN: "very-secret" } });
      await host.run(first);
      await host.prepare(second);
      await host.runtime.replace(second, forever);

      const another = host.another();
      await another.restore(first.id, forever);
      await another.start(first, forever);

      expect(await host.current(first.id)).toMatchObject({ revisionId: "1", drift: [] });
      const { Config } = await (await host.containerOf(first.id, "main")).inspect();
      expect(Config.Env).toEqual(expect.arrayContaining(["SECRET=very-secret", "REVISION=1"]));
    }, 120_000);

    it.concurrent("names its services in its logs, and is measured as a whole and by service", async (test) => {
      const { host, target } = begin(test);
      const service = (text: string): object => ({
        image: testImages.busybox,
        command: ["sh", "-c", `echo ${text}; exec /bin/linger`],
      });
      const first = target({ services: { one: service("first words"), two: service("second") } });
      await host.run(first);
      await eventually(async () => (await host.output(first.id)).includes("second"), 10_000);
      const lines = (await host.output(first.id)).split("\n").filter(Boolean).toSorted();
      expect(lines).toEqual(["one-1 | first words", "two-1 | second"]);
      const usage = (await host.runtime.usage([first.id], forever)).get(first.id);
      expect(usage?.parts?.map((one) => one.name)).toEqual(["one", "two"]);
      const [one, two] = usage?.parts ?? [];
      expect(one?.memoryBytes).toBeGreaterThan(0);
      expect(usage?.memoryBytes).toBe((one?.memoryBytes ?? 0) + (two?.memoryBytes ?? 0));
    }, 120_000);

    it.concurrent("goes on where a command outlived its agent", async (test) => {
      const { host, target } = begin(test);
      const slow = {
        services: {
          main: {
            image: testImages.busybox,
            command: ["/bin/linger"],
            depends_on: { job: { condition: "service_completed_successfully" } },
          },
          job: { image: testImages.busybox, command: ["sleep", "3"] },
        },
      };
      const first = target(slow);
      const folders = new ProjectFolders(host.folder, host.nodeId);
      await host.prepare(first);
      const abandoned = new AbortController();
      const starting = host
        .another()
        .start(first, abandoned.signal)
        .catch((error: unknown) => error);
      const isLeftEnded = async (): Promise<boolean> => {
        const mark = await folders.mark(first.id);
        return mark !== undefined && endLeftCommands(mark, forever);
      };
      await eventually(isLeftEnded, 30_000);
      const failure = (await starting) as AgentError;
      expect(failure.code).toBe("RUNTIME_ERROR");
      await host.runtime.replace(first, forever);
      const current = await host.current(first.id);
      expect(isLive(current) && current.drift.length === 0).toBe(true);
      await host.runtime.remove(first.id, forever);
      expect(await host.census()).toEqual([]);
    }, 120_000);

    it.concurrent("takes no process in a container for a command that was left, whatever its environment", async (test) => {
      const { host, target } = begin(test);
      const folders = new ProjectFolders(host.folder, host.nodeId);
      const mark = await folders.ensureMark(host.id("shop"));
      const first = target(host.script("exec /bin/linger"));
      await host.run(first);
      const held = await host.docker.createContainer({
        Image: testImages.busybox,
        Cmd: ["/bin/linger"],
        Env: [`PERSYS_COMPOSE_PROJECT=${mark}`],
      });
      await held.start();
      await host.runtime.remove(first.id, forever);
      expect((await held.inspect()).State.Running).toBe(true);
      await held.remove({ force: true });
      expect(await host.census()).toEqual([]);
    }, 120_000);

    it.concurrent("uses no volume of somebody else, whatever name a file gives its own", async (test) => {
      const { host, target } = begin(test);
      const name = `foreign-${host.id("volume")}`;
      await host.docker.createVolume({ Name: name });
      const file = {
        services: {
          main: { image: testImages.busybox, command: ["/bin/linger"], volumes: ["data:/data"] },
        },
        volumes: { data: { name } },
      };
      await expect(host.prepare(target(file))).rejects.toMatchObject({
        code: "NAME_CONFLICT",
        message: expect.stringContaining(name),
      });
      await host.docker.getVolume(name).remove();
      await host.run(target(file));
      await host.runtime.remove(host.id("shop"), forever);
      expect(await host.census()).toEqual([]);
    }, 120_000);

    it.concurrent("takes no id for a path", async (test) => {
      const { host } = begin(test);
      const folders = new ProjectFolders(host.folder, host.nodeId);
      expect(() => idOf("../../etc")).toThrow();
      expect(folders.folderOf(idOf("a..b"))).toMatch(/\/[0-9a-f]{40}$/);
    });
  });
}
