import type { Logger } from "@persys/core";
import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";
import { transient } from "../support/trouble.ts";

/** A logger and the warnings and errors it was given. */
function warnings(): { readonly logger: Logger; readonly said: string[] } {
  const said: string[] = [];
  const keep = (message: string): void => {
    said.push(message);
  };
  return { said, logger: { debug: () => {}, info: () => {}, warn: keep, error: keep } };
}

describe("the log", () => {
  it("has one warning of a runtime that is away from the start, however long", async () => {
    const { logger, said } = warnings();
    const node = SimulatedNode.idle({ logger });
    node.world.setUnreachable(true);

    await node.boot();
    await node.after(3_600_000);

    expect(said).toEqual(["runtime cannot be read"]);
  });

  it("has no more for each time that a runtime goes away than its stream and its lists", async () => {
    const { logger, said } = warnings();
    const node = await SimulatedNode.start({ logger });
    for (let times = 0; times < 3; times += 1) {
      await node.settled(`w${times}`);
      node.world.setUnreachable(true);
      await node.after(600_000);
      node.world.setUnreachable(false);
      await node.after(60_000);
    }

    const oneTime = ["the event stream ended; subscribing again", "runtime cannot be read"];
    expect(said).toEqual([...oneTime, ...oneTime, ...oneTime]);
  });

  it("has one warning of events that break off again and again while all else works", async () => {
    const { logger, said } = warnings();
    const node = await SimulatedNode.start({ logger });

    for (let second = 0; second < 600; second += 1) {
      node.world.events.breakOff(transient("RUNTIME_UNAVAILABLE"));
      await node.after(1_000);
    }

    expect(said).toEqual(["the event stream ended; subscribing again"]);
  });

  it("has none of a runtime where nothing happens", async () => {
    const { logger, said } = warnings();
    const node = await SimulatedNode.start({ logger });

    await node.after(3_600_000);

    expect(said).toEqual([]);
  });
});
