import { describe, expect, it } from "vitest";
import { CommandPlaces } from "../../src/compose/command-places.ts";
import { forever } from "../support/runtime-calls.ts";

describe("CommandPlaces", () => {
  it("lets in as many as there are places, refuses those beyond the line, and goes on in order", async () => {
    const places = new CommandPlaces(2, 2, "wait");
    const gate = Promise.withResolvers<void>();
    const begun: number[] = [];
    const enter = (at: number, signal = forever): Promise<void> =>
      places.run(() => {
        begun.push(at);
        return gate.promise;
      }, signal);
    const called = new AbortController();
    const entered = [enter(0), enter(1), enter(2)];
    const calledOff = enter(3, called.signal);
    await expect(enter(4)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED", retryable: true });
    called.abort(new Error("called off"));
    await expect(calledOff).rejects.toThrow("called off");
    entered.push(enter(5));
    expect(begun).toEqual([0, 1]);
    gate.resolve();
    await Promise.all(entered);
    expect(begun).toEqual([0, 1, 2, 5]);
  });

  it("gives a place back where its work fails", async () => {
    const places = new CommandPlaces(1, 0, "wait");
    const fail = (): Promise<void> => Promise.reject(new Error("failed"));
    await expect(places.run(fail, forever)).rejects.toThrow("failed");
    await expect(places.run(fail, forever)).rejects.toThrow("failed");
  });
});
