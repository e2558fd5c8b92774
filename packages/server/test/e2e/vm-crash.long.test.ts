import { expect, it } from "vitest";
import { describeWithGuest } from "../../../../test/vm/test-guest.ts";
import {
  createThroughKills,
  deleteThroughKills,
  growth,
  liveGrowth,
  updateThroughKills,
  vmCrashStage,
} from "../support/vm-crash-story.ts";

describeWithGuest("an agent with machines", () => {
  it("that is killed at every step of a creation finishes it, and leaves nothing", async () => {
    expect(await createThroughKills(await vmCrashStage())).toBeGreaterThan(25);
  }, 900_000);

  it("that is killed at every step of an update finishes it, with the disk's data", async () => {
    expect(await updateThroughKills(await vmCrashStage(), growth)).toBeGreaterThan(15);
  }, 900_000);

  it("that is killed at every step of an update of a machine that runs finishes it in the same run", async () => {
    expect(await updateThroughKills(await vmCrashStage(), liveGrowth)).toBeGreaterThan(5);
  }, 900_000);

  it("that is killed at every step of a deletion finishes it, and leaves nothing", async () => {
    expect(await deleteThroughKills(await vmCrashStage())).toBeGreaterThan(10);
  }, 900_000);
});
