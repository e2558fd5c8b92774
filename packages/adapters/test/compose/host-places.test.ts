import { describe, expect, it } from "vitest";
import { HostPlaces } from "../../src/compose/host-places.ts";
import { forever } from "../support/runtime-calls.ts";

const usual = { places: 2, waiting: 8 };

describe("HostPlaces", () => {
  it("lets no host take the places of another", async () => {
    const places = new HostPlaces(usual, { places: 4, waiting: 8 }, "wait");
    const gate = Promise.withResolvers<void>();
    const begun: string[] = [];
    const enter = (host: string): Promise<void> =>
      places.run(
        host,
        async () => {
          begun.push(host);
          await gate.promise;
        },
        forever,
      );
    const all = ["slow", "slow", "slow", "slow", "quick"].map(enter);
    await expect.poll(() => begun).toEqual(["slow", "slow", "quick"]);
    gate.resolve();
    await Promise.all(all);
    expect(begun).toEqual(["slow", "slow", "quick", "slow", "slow"]);
  });

  it("keeps all hosts together within a bound, and says whose line is full", async () => {
    const places = new HostPlaces({ places: 2, waiting: 1 }, { places: 1, waiting: 8 }, "wait");
    const gate = Promise.withResolvers<void>();
    let working = 0;
    const enter = (host: string): Promise<void> =>
      places.run(
        host,
        async () => {
          working += 1;
          expect(working).toBe(1);
          await gate.promise;
          working -= 1;
        },
        forever,
      );
    const all = ["one", "one", "one", "other"].map(enter);
    await expect(enter("one")).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      message: "1 wait from one already: try again later",
    });
    gate.resolve();
    await Promise.all(all);
    await enter("one");
  });

  it("keeps nobody waiting for longer than they may, whether it is for their host or for all", async () => {
    const places = new HostPlaces({ places: 1, waiting: 8 }, { places: 1, waiting: 8 }, "wait");
    const gate = Promise.withResolvers<void>();
    const first = places.run("slow", () => gate.promise, forever, 1);
    for (const host of ["slow", "other"])
      await expect(places.run(host, async () => "done", forever, 1)).rejects.toMatchObject({
        code: "LIMIT_EXCEEDED",
        retryable: true,
        effect: "none",
        retryAfterMs: 5_000,
      });
    gate.resolve();
    await first;
    expect(await places.run("slow", async () => "done", forever, 1)).toBe("done");
  });
});
