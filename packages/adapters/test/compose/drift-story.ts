import type { Target } from "@persys/core";
import { expect, it, type TestContext } from "vitest";
import {
  describeWithCompose,
  type TestedCommand,
} from "../../../../test/docker/compose-commands.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { eventually, forever, targetOf } from "../support/runtime-calls.ts";
import { ComposeHarness } from "./compose-harness.ts";

type Members = Readonly<Record<string, unknown>>;

const mib = 1_048_576;

/** A service that runs until it is stopped. */
function lingering(more: Members = {}): object {
  return {
    image: testImages.busybox,
    command: ["/bin/linger"],
    restart: "always",
    stop_grace_period: "1s",
    ...more,
  };
}

interface Change {
  readonly what: string;
  readonly web?: Members;
  readonly change: object;
  readonly phrase: string;
  /** Whether the container stays, or another takes its place. */
  readonly inPlace: boolean;
}

/** What can be changed of a container that exists. */
const changes: readonly Change[] = [
  {
    what: "memory limit",
    web: { mem_limit: "64m", memswap_limit: "128m" },
    change: { Memory: 96 * mib, MemorySwap: 128 * mib },
    phrase: "service web: memory is 96 MiB instead of 64 MiB",
    inPlace: true,
  },
  {
    what: "number of processors",
    web: { cpus: 0.5 },
    change: { NanoCpus: 1_000_000_000 },
    phrase: "service web: number of processors is 1 instead of 0.5",
    inPlace: true,
  },
  {
    what: "reserved memory",
    web: { mem_reservation: "16m" },
    change: { MemoryReservation: 32 * mib },
    phrase: "service web: reserved memory is 32 MiB instead of 16 MiB",
    inPlace: true,
  },
  {
    what: "restart policy",
    change: { RestartPolicy: { Name: "no" } },
    phrase: "service web: restart policy is no instead of always",
    inPlace: true,
  },
  {
    what: "processor weight where none is asked for",
    change: { CpuShares: 256 },
    phrase: "service web: processor weight is 256 instead of the default",
    inPlace: false,
  },
];

/** What somebody changes of the containers of a project, and how that is set right, under one compose command. */
export function driftStory(command: TestedCommand): void {
  describeWithCompose("A compose project that is changed by hand", command, (words) => {
    /** A node of one test alone. */
    function begin({ onTestFinished }: TestContext): ComposeHarness {
      const host = new ComposeHarness(words);
      onTestFinished(() => host.close());
      return host;
    }

    /** Two services that run. */
    async function running(
      host: ComposeHarness,
      web: Members = {},
      more: object = {},
    ): Promise<Target> {
      const file = { services: { web: lingering(web), db: lingering() }, ...more };
      const target = targetOf(host.id("shop"), host.spec(file));
      await host.run(target);
      expect((await host.current(target.id)).drift).toEqual([]);
      return target;
    }

    for (const { what, web, change, phrase, inPlace } of changes) {
      it.concurrent(`shows its ${what} by service, and has it set right beside a sibling that stays`, async (test) => {
        const host = begin(test);
        const target = await running(host, web);
        const before = await host.containersOf(target.id);
        const startedAt = async (): Promise<string> =>
          (await (await host.containerOf(target.id, "web")).inspect()).State.StartedAt;
        const began = await startedAt();

        await (await host.containerOf(target.id, "web")).update(change);
        const seen = await host.reaches(target.id, (one) => one.drift.length > 0);
        expect(seen.drift).toContain(phrase);
        await host.runtime.replace(target, forever);

        expect(await host.current(target.id)).toMatchObject({ state: "running", drift: [] });
        const after = await host.containersOf(target.id);
        expect(after.get("db")).toEqual(before.get("db"));
        expect([
          after.get("web")?.[0] === before.get("web")?.[0],
          (await startedAt()) === began,
        ]).toEqual([inPlace, inPlace]);
      }, 120_000);
    }

    it.concurrent("is looked at anew once an event or a list tells that something was changed", async (test) => {
      const host = begin(test);
      const target = await running(host, { mem_limit: "64m" });
      const glance = async (): Promise<string | undefined> =>
        (await host.runtime.list(forever)).get(target.id);
      const before = await glance();
      await (await host.containerOf(target.id, "web")).update({ CpuShares: 256 });
      await eventually(async () => (await glance()) !== before, 20_000);
    }, 120_000);

    it.concurrent("has its services back in their networks, under their names, and out of those of others", async (test) => {
      const host = begin(test);
      const target = await running(
        host,
        { networks: ["front", "back"] },
        { networks: { front: {}, back: {} } },
      );
      const web = await host.containerOf(target.id, "web");
      const { NetworkSettings } = await web.inspect();
      const back = Object.keys(NetworkSettings.Networks).find((one) => one.endsWith("_back")) ?? "";
      await host.docker.getNetwork(back).disconnect({ Container: web.id });
      await host.docker.getNetwork("bridge").connect({ Container: web.id });

      const seen = await host.reaches(target.id, (one) => one.drift.length > 1);
      expect(seen.drift).toEqual([
        `service web: not in network ${back}`,
        "service web: in network bridge as well",
      ]);
      await host.runtime.replace(target, forever);

      expect(await host.current(target.id)).toMatchObject({ state: "running", drift: [] });
      const remade = await (await host.containerOf(target.id, "web")).inspect();
      expect(remade.NetworkSettings.Networks[back]?.Aliases).toContain("web");
    }, 120_000);

    it.concurrent("has a service remade that shared the network of one which is gone", async (test) => {
      const host = begin(test);
      const target = await running(host, { network_mode: "service:db" });
      const web = await host.containersOf(target.id);
      await (await host.containerOf(target.id, "db")).remove({ force: true });
      await host.reaches(target.id, (one) => one.drift.includes("service db is gone"));

      await eventually(async () => {
        await host.runtime.replace(target, forever);
        return (await host.current(target.id)).drift.length === 0;
      }, 30_000);

      const [db = ""] = (await host.containersOf(target.id)).get("db") ?? [];
      const remade = await (await host.containerOf(target.id, "web")).inspect();
      expect(remade.HostConfig.NetworkMode).toBe(`container:${db}`);
      expect(remade.Id).not.toBe(web.get("web")?.[0]);
    }, 120_000);

    it.concurrent("is not taken for right by a start, where a service was made from something else", async (test) => {
      const host = begin(test);
      const target = await running(host);
      const web = await (await host.containerOf(target.id, "web")).inspect();
      await host.docker.getContainer(web.Id).remove({ force: true });
      const foreign = await host.docker.createContainer({
        name: web.Name.slice(1),
        Image: web.Config.Image,
        Cmd: web.Config.Cmd,
        Labels: { ...web.Config.Labels, "com.docker.compose.config-hash": "another" },
      });
      await foreign.start();
      await (await host.containerOf(target.id, "db")).remove({ force: true });

      await host.runtime.start(target, forever);

      expect((await host.current(target.id)).drift).toEqual([
        "service web was made from something else",
      ]);
      await host.runtime.replace(target, forever);
      expect(await host.current(target.id)).toMatchObject({ state: "running", drift: [] });
    }, 120_000);

    it.concurrent("runs nothing again that is done, whatever was changed of it", async (test) => {
      const host = begin(test);
      const job = { image: testImages.busybox, command: ["true"] };
      const target = targetOf(host.id("shop"), host.spec({ services: { web: lingering(), job } }));
      await host.run(target);
      await host.reaches(
        target.id,
        (one) => one.facts["compose.service.job"]?.includes("done") === true,
      );
      const before = await (await host.containerOf(target.id, "job")).inspect();

      await host.docker.getContainer(before.Id).update({ CpuShares: 256 });
      await host.runtime.replace(target, forever);

      expect((await host.current(target.id)).drift).toEqual([]);
      const after = await (await host.containerOf(target.id, "job")).inspect();
      expect([after.Id, after.State.StartedAt]).toEqual([before.Id, before.State.StartedAt]);
    }, 120_000);
  });
}
