import { beforeEach, describe, expect, it } from "vitest";
import { SharedLook } from "../../src/libvirt/shared-look.ts";

const { signal } = new AbortController();

describe("SharedLook", () => {
  /** The looks that were begun, each of which ends when its test says so. */
  let begun: PromiseWithResolvers<string>[];
  let calledOff: unknown[];
  let looks: SharedLook<string>;

  beforeEach(() => {
    begun = [];
    calledOff = [];
    looks = new SharedLook((ending) => {
      const look = Promise.withResolvers<string>();
      ending.addEventListener("abort", () => {
        calledOff.push(ending.reason);
        look.reject(ending.reason);
      });
      begun.push(look);
      return look.promise;
    });
  });

  /** Ends the look that was begun last. */
  function shows(text: string): void {
    begun.at(-1)?.resolve(text);
  }

  it("shows nobody what was looked at before it asked, and looks once for all who ask meanwhile", async () => {
    const first = looks.see(signal);
    const others = Array.from({ length: 50 }, () => looks.see(signal));
    expect(begun).toHaveLength(1);

    shows("old");
    expect(await first).toBe("old");
    expect(begun).toHaveLength(2);
    shows("new");

    expect(new Set(await Promise.all(others))).toEqual(new Set(["new"]));
    expect(begun).toHaveLength(2);
  });

  it("shows what is recent to who is content with that", async () => {
    const first = looks.see(signal);
    shows("a");
    await first;

    expect(await looks.see(signal, 60_000)).toBe("a");
    expect(begun).toHaveLength(1);
    const fresh = looks.see(signal);
    expect(begun).toHaveLength(2);
    shows("b");
    expect(await fresh).toBe("b");
  });

  it("fails for all who have waited for the look that fails, and for nobody after", async () => {
    const first = looks.see(signal);
    const second = looks.see(signal);
    begun[0]?.reject(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    shows("there");

    expect(await second).toBe("there");
    const third = looks.see(signal);
    begun.at(-1)?.reject(new Error("gone again"));
    await expect(third).rejects.toThrow("gone again");
    const recent = looks.see(signal, 60_000);
    shows("back");
    expect(await recent).toBe("back");
  });

  it("leaves whoever is called off, and goes on for the others", async () => {
    const one = new AbortController();
    const first = looks.see(one.signal);
    const another = looks.see(one.signal);
    const last = looks.see(signal);
    const reason = new Error("enough");

    one.abort(reason);

    await expect(first).rejects.toBe(reason);
    await expect(another).rejects.toBe(reason);
    expect(calledOff).toHaveLength(1);
    await expect.poll(() => begun.length).toBe(2);
    shows("seen");
    expect(await last).toBe("seen");
    await expect(looks.see(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(begun).toHaveLength(2);
  });

  it("begins no look that nobody waits for any more", async () => {
    const one = new AbortController();
    const first = looks.see(signal);
    const waiting = looks.see(one.signal);
    one.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");

    shows("a");
    await first;

    expect(begun).toHaveLength(1);
  });
});
