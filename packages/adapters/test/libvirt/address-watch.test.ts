import { setTimeout as pause } from "node:timers/promises";
import { silentLogger, type WorkloadId } from "@persys/core";
import { describe, it, type TestContext } from "vitest";
import { AddressWatch, type AddressWatchContext } from "../../src/libvirt/address-watch.ts";
import type { SeenDomain } from "../../src/libvirt/seen-domain.ts";
import type { Domain } from "../../src/libvirt/rpc/index.ts";
import { aSeenDomain } from "./targets.ts";

/** For what is to happen at the next look or answer: the next look of a machine that has its address is 30 s away. */
const soon = { timeout: 3_000, interval: 10 } as const;

/** For what is tried again after 5 s. */
const again = { timeout: 9_000, interval: 50 } as const;

/** Machines, and who knows their addresses. */
class Surroundings implements Pick<AddressWatchContext, "addresses" | "domains"> {
  machines: readonly SeenDomain[] = [];
  /** What the list of machines is refused with. */
  failure: Error | undefined;
  /** What a guest tells when it is asked. */
  told: readonly string[] = [];
  known: readonly string[] = [];
  lists = 0;
  looks = 0;
  readonly asked: string[] = [];
  /** What a look waits for. */
  gate: Promise<void> = Promise.resolve();

  readonly domains = {
    all: async (): Promise<ReadonlyMap<WorkloadId, SeenDomain>> => {
      this.lists += 1;
      if (this.failure !== undefined) throw this.failure;
      return new Map(this.machines.map((one) => [one.ownership.id, one]));
    },
  };

  readonly addresses = {
    addressesOf: (): readonly string[] => this.known,
    ask: async ({ uuid }: Domain): Promise<boolean> => {
      this.asked.push(uuid);
      this.known = this.told;
      return this.told.length > 0;
    },
    refresh: async (): Promise<void> => {
      this.looks += 1;
      await this.gate;
    },
  };
}

// Two of them wait for what is tried again after 5 s.
describe.concurrent("AddressWatch", () => {
  const machine = aSeenDomain({
    definition: {
      ...aSeenDomain().definition,
      interfaces: [{ mac: "52:54:00:00:00:01", network: undefined }],
    },
  });
  const { name, uuid, domainId: id } = machine;

  /** A watch that begins with `begin`, and those that it has told of. */
  function setUp(onTestFinished: TestContext["onTestFinished"]) {
    const around = new Surroundings();
    const { addresses, domains } = around;
    const watch = new AddressWatch({ addresses, domains, logger: silentLogger });
    const told: WorkloadId[] = [];
    const begin = (): void => {
      onTestFinished(watch.watch((whose) => told.push(whose)));
    };
    return { around, watch, told, begin };
  }

  it("finds a machine that has come up while machines could not be listed", async ({
    expect,
    onTestFinished,
  }) => {
    const { around, told, begin } = setUp(onTestFinished);
    around.machines = [machine];
    around.known = ["10.0.0.5"];
    around.failure = new Error("no answer");
    begin();
    await expect.poll(() => around.lists, soon).toBe(1);

    around.failure = undefined;

    await expect.poll(() => told, again).toEqual(["vm-1"]);
  }, 15_000);

  it("looks again as soon as it is told of something new after a failure, and not before", async ({
    expect,
    onTestFinished,
  }) => {
    const { around, watch, told, begin } = setUp(onTestFinished);
    around.machines = [machine];
    around.known = ["10.0.0.5"];
    around.failure = new Error("no answer");
    watch.hasAgent({ name, uuid, id });
    begin();
    await expect.poll(() => around.lists, soon).toBe(1);
    await pause(300);
    expect(around.lists).toBe(1);

    around.failure = undefined;
    watch.nudge();

    await expect.poll(() => told, soon).toEqual(["vm-1"]);
    expect(around.asked).toEqual([uuid]);
  });

  it("asks an agent in a guest that appears during a look", async ({ expect, onTestFinished }) => {
    const { around, watch, begin } = setUp(onTestFinished);
    around.machines = [machine];
    around.known = around.told = ["10.0.0.5"];
    const gate = Promise.withResolvers<void>();
    around.gate = gate.promise;
    begin();
    await expect.poll(() => around.looks, soon).toBe(1);

    watch.hasAgent({ name, uuid, id });
    gate.resolve();

    await expect.poll(() => around.asked, soon).toEqual([uuid]);
  });

  it("asks the guest of a machine on a bridge whose agent was there before anybody watched", async ({
    expect,
    onTestFinished,
  }) => {
    const { around, told, begin } = setUp(onTestFinished);
    around.machines = [machine];
    around.told = ["10.0.0.5"];
    begin();

    await expect.poll(() => told, soon).toEqual(["vm-1"]);
    expect(around.asked).toEqual([uuid]);
  });

  it("asks an agent again that has appeared before its guest had an address", async ({
    expect,
    onTestFinished,
  }) => {
    const { around, watch, told, begin } = setUp(onTestFinished);
    around.machines = [machine];
    begin();
    watch.hasAgent({ name, uuid, id });
    await expect.poll(() => around.asked.length, soon).toBeGreaterThan(0);
    expect(told).toEqual([]);

    around.told = ["10.0.0.5"];

    await expect.poll(() => told, again).toEqual(["vm-1"]);
  }, 15_000);

  it("asks no guest that has an address, and none of a machine without a card", async ({
    expect,
    onTestFinished,
  }) => {
    const { around, watch, told, begin } = setUp(onTestFinished);
    around.machines = [machine];
    around.known = ["10.0.0.5"];
    begin();
    await expect.poll(() => told, soon).toEqual(["vm-1"]);
    around.machines = [aSeenDomain()];
    around.known = [];
    watch.nudge();
    await expect.poll(() => told, soon).toEqual(["vm-1", "vm-1"]);

    expect(around.asked).toEqual([]);
  });
});
