import { stringify } from "yaml";
import { FailureReason, type WorkloadStatus } from "@persys/transports/gen";
import { expect, it } from "vitest";
import { describeWithCompose, testedCommands } from "../../../../test/docker/compose-commands.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { ComposeNode } from "../support/compose-node.ts";
import { shop } from "../support/compose-shop.ts";

/** Polls for as long as a busy machine may take. */
const slowly = { timeout: 180_000, interval: 100 } as const;

const env = { TOKEN: "very-secret" };
const changed = shop({ web: { environment: { GREETING: "changed", TOKEN: "${TOKEN}" } } });

/** What is there of a shop that runs: two that go on, and one that is done. */
const whole = {
  web: { state: "running" },
  db: { state: "running" },
  migration: { state: "exited" },
};

async function reached(
  nodes: ComposeNode,
  id: string,
  isSo: (status: WorkloadStatus) => boolean,
): Promise<WorkloadStatus> {
  await expect.poll(async () => isSo(await nodes.node.status(id)), slowly).toBe(true);
  return nodes.node.status(id);
}

/** Waits until a shop runs under an id. */
async function up(nodes: ComposeNode, id: string): Promise<void> {
  await expect.poll(() => nodes.node.state(id), slowly).toBe("RUNNING");
}

for (const command of testedCommands)
  describeWithCompose("a compose application", command, (words) => {
    it("is applied, shown, updated, stopped, started and deleted with persysctl", async () => {
      const nodes = await ComposeNode.start(words, { env: { PERSYS_USAGE_INTERVAL: "1s" } });
      const id = nodes.host.id("Shop.1");
      const apply = async (file: string, revision: string): Promise<string> =>
        nodes.ctl(
          "apply",
          `--file=${nodes.file(file)}`,
          "--type=compose",
          `--id=${id}`,
          "--env=TOKEN=very-secret",
          `--revision=${revision}`,
          "--wait",
          "--timeout=2m",
        );
      expect(await nodes.ctl("health")).toMatch(/Runtime compose: +healthy, .*\d+\.\d+\.\d+/);

      await apply(shop(), "1");
      const first = await nodes.services(id);
      expect(first).toMatchObject(whole);
      expect(await nodes.exec(id, "web", ["sh", "-c", "echo $TOKEN"])).toBe("very-secret\n");
      const shown = await nodes.ctl("describe", id);
      expect(shown).toMatch(/compose\.service\.web: 1\/1 running, healthy, image \S+ \(sha256:/);
      expect(shown).toMatch(/compose\.service\.migration: 0\/1 running, done, exit code 0/);
      expect(shown).not.toContain("very-secret");
      expect(await nodes.ctl("logs", id)).toContain("migration-1 | migrated\n");
      await expect
        .poll(() => nodes.ctl("describe", id), slowly)
        .toMatch(/Usage of services\n {2}db {2}\S+ % of a core.*\n {2}web {2}/);

      await apply(changed, "2");
      const second = await nodes.services(id);
      expect(second).toMatchObject({ ...whole, db: first["db"] });
      // What is done runs again with an `up`, as compose has it, in the same container.
      expect(second["migration"]?.containerId).toBe(first["migration"]?.containerId);
      expect(second["web"]?.containerId).not.toBe(first["web"]?.containerId);
      expect(await nodes.exec(id, "web", ["sh", "-c", "echo $GREETING"])).toBe("changed\n");

      await nodes.ctl("stop", id, "--wait");
      expect(await nodes.services(id)).toMatchObject({
        web: { state: "exited", containerId: second["web"]?.containerId },
        db: { state: "exited", containerId: second["db"]?.containerId },
      });
      await nodes.ctl("start", id, "--wait");
      expect(await nodes.containerIds(id)).toEqual(
        new Map(Object.entries(second).map(([name, one]) => [name, one.containerId])),
      );

      await nodes.ctl("delete", id, "--wait");
      expect(await nodes.host.census()).toEqual([]);
    });

    it("keeps what runs where an update cannot be brought up, and goes back to it where one does not settle", async () => {
      const nodes = await ComposeNode.start(words);
      const id = nodes.host.id("shop");
      await nodes.apply(id, shop(), { revisionId: "1", env });
      await up(nodes, id);
      const first = await nodes.services(id);

      const missing = { image: "persys-test/none:1", pull_policy: "never" };
      await nodes.apply(id, shop({ web: missing }), { revisionId: "2", env });
      const refused = await reached(
        nodes,
        id,
        (one) => one.failure?.reason === FailureReason.IMAGE_NOT_FOUND,
      );
      expect(refused.failure?.message).toContain("service web");
      expect(refused.observedRevisionId).toBe("1");
      expect(await nodes.services(id)).toEqual(first);

      const sick = { healthcheck: { test: ["CMD", "false"], interval: "1s", retries: 1 } };
      await nodes.apply(id, shop({ web: sick }), { revisionId: "3", env });
      const settled = await reached(
        nodes,
        id,
        (one) => one.failure?.retryable === false && one.observedRevisionId === "1",
      );
      expect(settled.message).toMatch(/3.*1/);
      const back = await nodes.services(id);
      expect(back).toMatchObject({ ...whole, db: first["db"] });
      expect(await nodes.exec(id, "web", ["sh", "-c", "echo $TOKEN"])).toBe("very-secret\n");

      await nodes.apply(id, changed, { revisionId: "4", env });
      await up(nodes, id);
      expect((await nodes.services(id))["db"]).toEqual(first["db"]);
    });

    it("goes back to the revision before under an agent that was killed meanwhile, with its environment", async () => {
      const nodes = await ComposeNode.start(words, { env: { PERSYS_SETTLE_TIME: "2s" } });
      const id = nodes.host.id("shop");
      await nodes.apply(id, shop(), { revisionId: "1", env });
      await up(nodes, id);
      const first = await nodes.services(id);
      const sick = { healthcheck: { test: ["CMD", "false"], interval: "2s", retries: 2 } };

      await nodes.apply(id, shop({ web: sick }), { revisionId: "2", env });
      await expect
        .poll(async () => (await nodes.services(id))["web"]?.containerId, slowly)
        .not.toBe(first["web"]?.containerId);
      await nodes.node.restart("SIGKILL");

      await reached(
        nodes,
        id,
        (one) => one.observedRevisionId === "1" && one.failure !== undefined,
      );
      await expect.poll(() => nodes.services(id), slowly).toMatchObject(whole);
      expect(await nodes.exec(id, "web", ["sh", "-c", "echo $TOKEN"])).toBe("very-secret\n");
      expect((await nodes.services(id))["db"]).toEqual(first["db"]);
    });

    it("has each service put back or set right alone when it was killed, removed or changed by hand", async () => {
      const nodes = await ComposeNode.start(words);
      const { docker } = nodes.host;
      const id = nodes.host.id("shop");
      await nodes.apply(id, shop(), { revisionId: "1", env });
      await up(nodes, id);
      const first = await nodes.services(id);
      const container = (service: string): ReturnType<typeof docker.getContainer> =>
        docker.getContainer(first[service]?.containerId ?? "");

      await container("db").kill();
      await expect
        .poll(() => nodes.services(id), slowly)
        .toMatchObject({
          ...whole,
          web: first["web"],
          migration: first["migration"],
          db: { containerId: first["db"]?.containerId, state: "running" },
        });
      await up(nodes, id);
      const killed = await nodes.services(id);

      await container("web").update({ Memory: 128 * 1_048_576, MemorySwap: -1 });
      await expect
        .poll(async () => (await container("web").inspect()).HostConfig.Memory, slowly)
        .toBe(64 * 1_048_576);
      await up(nodes, id);
      expect(await nodes.services(id)).toEqual(killed);

      await container("db").remove({ force: true });
      await expect
        .poll(() => nodes.services(id), slowly)
        .toMatchObject({
          web: killed["web"],
          migration: killed["migration"],
          db: { state: "running" },
        });
      await up(nodes, id);
      expect(await nodes.exec(id, "db", ["cat", "/data/log"])).toBe("migrated\n");
    });

    it("leaves its volumes where it is told to, and finds them again", async () => {
      const nodes = await ComposeNode.start(words);
      const id = nodes.host.id("shop");
      const spec = { compose: { compose_yaml: shop(), env, retain_volumes: true } };
      const file = nodes.file(stringify({ id, spec }));
      await nodes.ctl("apply", "-f", file, "--wait", "--timeout", "2m");

      await nodes.ctl("delete", id, "--wait");
      expect(await nodes.host.census()).toEqual([expect.stringMatching(/^volume \S*data$/)]);

      await nodes.ctl("apply", "-f", file, "--wait", "--timeout", "2m");
      expect(await nodes.exec(id, "db", ["cat", "/data/log"])).toBe("migrated\nmigrated\n");
      await nodes.apply(id, shop(), { revisionId: "3", env });
      await up(nodes, id);
      await nodes.ctl("delete", id, "--wait");
      expect(await nodes.host.census()).toEqual([]);
    });

    it("has a service that fails told by its name, and left or put back as its file says", async () => {
      const nodes = await ComposeNode.start(words, { env: { PERSYS_RECONCILE_INTERVAL: "1s" } });
      const failing = { image: testImages.busybox, command: ["sh", "-c", "exit 4"] };
      const beside = { image: testImages.busybox, command: ["/bin/linger"] };
      const applied = async (name: string, job: object): Promise<string> => {
        const id = nodes.host.id(name);
        await nodes.apply(id, stringify({ services: { beside, job } }));
        return id;
      };
      const says = async (id: string, phrase: string): Promise<WorkloadStatus> =>
        reached(nodes, id, (one) => one.failure?.message.includes(phrase) === true);
      const left = await applied("left", { ...failing, restart: "no" });
      const tried = await applied("tried", failing);
      const looping = await applied("looping", { ...failing, restart: "always" });
      const sick = await applied("sick", {
        ...beside,
        healthcheck: { test: ["CMD", "false"], interval: "1s", retries: 1 },
      });

      const { observedAt } = await says(left, "service job ended with exit code 4");
      const before = await nodes.services(left);
      await says(tried, "service job ended with exit code 4");
      const started = (await nodes.services(tried))["job"]?.startedAt;
      await expect
        .poll(async () => (await nodes.services(tried))["job"]?.startedAt, slowly)
        .not.toBe(started);
      await says(looping, "service job restarts in a loop");
      await says(sick, "service job is unhealthy");
      await reached(nodes, left, (one) => one.observedAt >= observedAt + 3n);
      expect(await nodes.services(left)).toEqual(before);
    });
  });
