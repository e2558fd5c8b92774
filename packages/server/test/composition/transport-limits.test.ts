import { defaultLimits } from "@persys/transports";
import { expect, it } from "vitest";
import { transportLimits } from "../../src/composition/transport-limits.ts";
import { type LoadedConfig, loadConfig } from "../../src/config/load-config.ts";

function load(env: Readonly<Record<string, string>>): Extract<LoadedConfig, { ok: true }> {
  const loaded = loadConfig({ flags: {}, env, file: undefined, devDir: undefined });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded;
}

it("the limits that the settings have when nothing is set are those of the transports", () => {
  expect({ ...defaultLimits, ...transportLimits(load({}).config) }).toEqual(defaultLimits);
});

it("an age of 0 has no end", () => {
  const { config } = load({ PERSYS_CONNECTION_AGE_MAX: "0" });

  expect(transportLimits(config).ageMaxMs).toBe(Number.POSITIVE_INFINITY);
});
