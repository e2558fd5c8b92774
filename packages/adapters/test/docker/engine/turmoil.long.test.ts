import { SeededRandom } from "@persys/conformance";
import type { Json } from "@persys/core";
import { expect, it } from "vitest";
import { statusOf } from "../../../../../test/docker/docker-answers.ts";
import { describeWithDocker } from "../../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../../test/docker/test-images.ts";
import { EngineOverDocker } from "./engine-over-docker.ts";

const names = ["a", "b", "c", "d"] as const;
const actsCount = 250;

/** Something that happens to one workload: asked for by a client, or done by somebody else to one of its containers. */
type Act = (node: EngineOverDocker, name: string, random: SeededRandom) => Promise<unknown>;

const good = (n: number): Json => ({ image: testImages.volume, env: { N: String(n) } });
const bad: readonly Json[] = [
  { image: testImages.volume, command: ["/no/such/program"] },
  { image: testImages.exit },
  { image: "persys-test/nowhere:1", pullPolicy: "never" },
];

const apply =
  (specOf: (random: SeededRandom) => Json): Act =>
  (node, name, random) => {
    const revisionId = `r${random.fraction()}`;
    return node.apply(name, specOf(random), { revisionId });
  };

/** Any of its containers, what is set aside included. */
const toAny =
  (change: (node: EngineOverDocker, containerId: string, name: string) => Promise<unknown>): Act =>
  async (node, name, random) => {
    const all = await node.host.outsider.containers(node.id(name));
    const one = all[random.integer(all.length)];
    if (one !== undefined) await change(node, one.Id, name);
  };

const containerOf = ({ host }: EngineOverDocker, id: string) => host.docker.getContainer(id);

const acts: Readonly<Record<string, Act>> = {
  "apply a good revision": apply((random) => good(random.fraction())),
  "apply another good one": apply((random) => good(random.fraction())),
  "apply a bad revision": apply((random) => bad[random.integer(bad.length)] ?? {}),
  stop: (node, name) => node.want(name, "stopped"),
  start: (node, name) => node.want(name, "running"),
  retry: (node, name) => node.retry(name),
  delete: (node, name) => node.delete(name),
  "docker kill": toAny((node, id) => containerOf(node, id).kill()),
  "docker stop": toAny((node, id) => containerOf(node, id).stop({ t: 0 })),
  "docker start": toAny((node, id) => containerOf(node, id).start()),
  "docker restart": toAny((node, id) => containerOf(node, id).restart({ t: 0 })),
  "docker pause": toAny((node, id) => containerOf(node, id).pause()),
  "docker rm -f": toAny((node, id) => containerOf(node, id).remove({ force: true })),
  "docker rename": toAny((node, id) => containerOf(node, id).rename({ name: `renamed-${id}` })),
  "docker update": toAny((node, id) =>
    containerOf(node, id).update({ RestartPolicy: { Name: "always" }, PidsLimit: 77 }),
  ),
  "docker network disconnect": toAny((node, id) =>
    node.host.docker.getNetwork("bridge").disconnect({ Container: id, Force: true }),
  ),
};

describeWithDocker("whatever clients ask for and others do to the containers", () => {
  it("ends with exactly what was asked for last, and with nothing once it is deleted", async (test) => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    const random = new SeededRandom(seed);
    const done: string[] = [];
    const node = await EngineOverDocker.start(test);
    try {
      for (let count = 0; count < actsCount; count += 1) {
        await happen(node, random, done);
        if (random.chance(0.05)) await node.restartEngine();
      }
      await Promise.all(names.map((name) => settles(node, name)));
      for (const name of names) await node.delete(name);
      for (const name of names) await node.isGone(name);
      expect(await node.host.census()).toEqual([]);
    } catch (error) {
      throw new Error(`with SEED=${seed}, after:\n${done.join("\n")}`, { cause: error });
    }
  });
});

async function happen(node: EngineOverDocker, random: SeededRandom, done: string[]): Promise<void> {
  const all = Object.entries(acts);
  const [what, act] = all[random.integer(all.length)] ?? all[0] ?? [];
  const name = names[random.integer(names.length)] ?? names[0];
  done.push(`${what} ${name}`);
  // What is refused, as things stand, does not matter; nor does what the engine of Docker refuses an outsider.
  await act?.(node, name, random).catch((error: unknown) => {
    if (error instanceof TypeError || (statusOf(error) ?? 0) === 400) throw error;
  });
  // Some come upon a step that is under way, some upon what has come to rest.
  const pauseMs = random.fraction() ** 3 * 1_500;
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}

/** Asked for a last good revision, there is one container of it, with one volume and one held image. */
async function settles(node: EngineOverDocker, name: string): Promise<void> {
  await node.run(name, good(2), { revisionId: "last" });
  const id = node.id(name);
  const isAsAsked = async (): Promise<boolean> => {
    if (node.state(name) !== "running") return false;
    const [only, ...others] = await node.host.outsider.containers(id);
    return others.length === 0 && only?.State === "running" && only.Names.join() === `/${id}`;
  };
  await node.becomes(isAsAsked, { name });
  const { HostConfig, Config, Mounts, NetworkSettings } = await node.host.outsider.inspect(id);
  expect(Config.Labels["persys.revision_id"]).toBe("last");
  expect(HostConfig.RestartPolicy?.Name).toBe("no");
  expect(HostConfig.PidsLimit ?? 0).toBeLessThanOrEqual(0);
  expect(Object.keys(NetworkSettings.Networks)).toEqual(["bridge"]);
  expect(Mounts).toHaveLength(1);
  expect(await node.host.outsider.pins([id])).toHaveLength(1);
  const filters = JSON.stringify({ label: [`persys.workload_id=${id}`] });
  expect((await node.host.docker.listVolumes({ filters })).Volumes).toHaveLength(1);
}
