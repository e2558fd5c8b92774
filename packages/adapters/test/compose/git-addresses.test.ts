import { describe, expect, it } from "vitest";
import { addressesOf, addressSettings, faultOf } from "../../src/compose/git-addresses.ts";
import { forever } from "../support/runtime-calls.ts";

describe("the addresses of a repository's host", () => {
  it("are what git reaches alone, at the port of the repository", () => {
    const addresses = ["192.0.2.1", "2001:db8::1"];
    const pinned = (repository: string): unknown => addressSettings({ repository }, addresses);
    expect(pinned("https://Git.example/shop.git")).toEqual([
      ["http.curloptResolve", "git.example:443:192.0.2.1,[2001:db8::1]"],
    ]);
    expect(pinned("http://git.example:3000/shop.git")).toEqual([
      ["http.curloptResolve", "git.example:3000:192.0.2.1,[2001:db8::1]"],
    ]);
  });

  it("are named to git without those that have a zone, which it does not take", () => {
    const repository = "https://git.example/shop.git";
    const zoned = "fe80::1%eth0";
    expect(addressSettings({ repository }, [zoned, "2001:db8::1"])).toEqual([
      ["http.curloptResolve", "git.example:443:[2001:db8::1]"],
    ]);
    expect(addressSettings({ repository }, [zoned])).toEqual([]);
  });

  it("are the one that is written there, which needs no more", async () => {
    for (const [repository, address] of [
      ["https://192.0.2.1/shop.git", "192.0.2.1"],
      ["https://[2001:db8::1]:8443/shop.git", "2001:db8::1"],
    ] as const) {
      expect(await addressesOf({ repository }, forever)).toEqual([address]);
      expect(addressSettings({ repository }, [address])).toEqual([]);
    }
  });

  it("are missing by the fault of whoever names a host that there is not", () => {
    expect(faultOf("ENOTFOUND")).toBe("user");
    expect(faultOf("EAI_AGAIN")).toBe("system");
  });

  it("are looked up two at a time, whether or not anybody still waits for them", async () => {
    const repository = "https://git.example/shop.git";
    const gate = Promise.withResolvers<readonly { readonly address: string }[]>();
    const controller = new AbortController();
    const left = [1, 2].map(() =>
      addressesOf({ repository }, controller.signal, () => gate.promise),
    );
    controller.abort(new Error("called off"));
    for (const one of left) await expect(one).rejects.toThrow("called off");
    let isAsked = false;
    const third = addressesOf({ repository }, forever, async () => {
      isAsked = true;
      return [{ address: "192.0.2.1" }];
    });
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(isAsked).toBe(false);
    gate.resolve([]);
    expect(await third).toEqual(["192.0.2.1"]);
  });

  it("are not waited for any longer once they are not wanted", async () => {
    const called = AbortSignal.abort(new Error("called off"));
    const repository = "https://git.example/shop.git";
    await expect(addressesOf({ repository }, called)).rejects.toThrow("called off");
  });
});
