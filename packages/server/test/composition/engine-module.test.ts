import { defaultEnginePolicy } from "@persys/core";
import { describe, expect, it } from "vitest";
import { enginePolicy } from "../../src/composition/engine-module.ts";
import { stubSettings } from "../support/stub-agent.ts";

describe("enginePolicy", () => {
  it("is the engine's own where nothing is set", () => {
    expect(defaultEnginePolicy).toMatchObject(enginePolicy(stubSettings("/dev-folder").config));
  });

  it("passes on what is set", () => {
    const { config } = stubSettings("/dev-folder", {
      PERSYS_SETTLE_TIME: "2s",
      PERSYS_RECONCILE_INTERVAL: "1m",
      PERSYS_UPDATE_POLICY: "keep-trying",
    });

    expect(enginePolicy(config)).toMatchObject({
      settleAfterMs: 2_000,
      resyncIntervalMs: 60_000,
      eventsEnabled: true,
      updatePolicy: "keep-trying",
    });
  });

  it("neither listens nor compares when reconciling is switched off", () => {
    const { config } = stubSettings("/dev-folder", { PERSYS_RECONCILE_ENABLED: "false" });

    expect(enginePolicy(config)).toMatchObject({ eventsEnabled: false, resyncIntervalMs: 0 });
  });

  it("compares without listening where only events are switched off", () => {
    const { config } = stubSettings("/dev-folder", { PERSYS_EVENTS_ENABLED: "false" });

    expect(enginePolicy(config)).toMatchObject({ eventsEnabled: false, resyncIntervalMs: 30_000 });
  });
});
