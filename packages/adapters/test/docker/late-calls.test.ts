import { describe, expect, it } from "vitest";
import { LateCalls } from "../../src/docker/late-calls.ts";
import { forever, idOf } from "../support/runtime-calls.ts";

const web = idOf("web");

describe("LateCalls", () => {
  it("are waited for until each has ended, whichever way", async () => {
    const late = new LateCalls();
    const [one, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    late.note(web, one.promise);
    late.note(web, other.promise);
    let isSettled = false;
    const settled = late.settled(web, forever).then(() => (isSettled = true));

    one.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isSettled).toBe(false);

    other.reject(new Error("refused"));
    await settled;
  });

  it("hold up no other workload", async () => {
    const late = new LateCalls();
    late.note(web, new Promise(() => {}));

    await late.settled(idOf("other"), forever);
  });

  it("are waited for no longer than the signal lasts", async () => {
    const late = new LateCalls();
    late.note(web, new Promise(() => {}));
    const cancel = new AbortController();
    const settled = late.settled(web, cancel.signal);
    cancel.abort(new Error("enough"));

    await expect(settled).rejects.toThrow("enough");
  });
});
