import { describe, expect, it } from "vitest";
import { liveSeed, namesOf } from "../../src/simulation/run-seeds.ts";
import type { RuntimeModelFactory } from "../../src/simulation/runtime-model.ts";
import { shrinkLife } from "../../src/simulation/shrink-life.ts";
import { simulatedModel } from "../../src/simulation/simulated-model.ts";
import { liveThrough } from "../../src/simulation/simulated-life.ts";

/** The model of the kit, but in its world something is left of `a` for ever. */
const forgetful: RuntimeModelFactory = (surroundings) => {
  const model = simulatedModel(surroundings);
  return {
    type: model.type,
    specs: model.specs,
    disturbances: model.disturbances,
    ids: () => model.ids(),
    violations: () => model.violations(),
    instancesOf: (id) => model.instancesOf(id),
    preparedOf: (id) => (id === "a" ? ["v1:left"] : model.preparedOf(id)),
    heal: () => model.heal(),
    reboot: () => model.reboot(),
    connect: () => model.connect(),
  };
};

describe("shrinkLife", () => {
  it("finds the few commands that break the invariant, in a calm life", async () => {
    const { life, violation } = await liveSeed(4, { model: forgetful, commands: 40 });
    expect(violation?.invariant).toMatch(/^I[78]$/);

    const shrunk = await shrinkLife(life, { model: forgetful, names: namesOf(forgetful) });
    const again = await liveThrough(shrunk.life, { model: forgetful });

    expect(again.violation?.invariant).toBe(violation?.invariant);
    expect(shrunk.life.commands.length).toBeLessThanOrEqual(3);
    expect(shrunk.life.delayed).toEqual([]);
    expect(shrunk.life.shuffled).toBe(false);
  }, 60_000);

  it("leaves a life alone that breaks nothing", async () => {
    const { life } = await liveSeed(3, { model: simulatedModel, commands: 10 });

    expect(
      await shrinkLife(life, { model: simulatedModel, names: namesOf(simulatedModel) }),
    ).toEqual({
      life,
      livesTried: 1,
    });
  });
});
