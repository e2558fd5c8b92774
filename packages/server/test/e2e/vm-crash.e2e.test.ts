import { it } from "vitest";
import { describeWithGuest } from "../../../../test/vm/test-guest.ts";
import { createThroughKills, updateThroughKills, vmCrashStage } from "../support/vm-crash-story.ts";

describeWithGuest("an agent with machines", () => {
  it("that is killed in the midst of a creation and of an update finishes both", async () => {
    const stage = await vmCrashStage();
    await createThroughKills(stage, [6]);
    await updateThroughKills(stage, [5]);
  }, 240_000);
});
