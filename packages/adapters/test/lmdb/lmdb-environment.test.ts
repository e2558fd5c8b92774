import { AgentError } from "@persys/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { LmdbEnvironment } from "../../src/lmdb/lmdb-environment.ts";
import { temporaryFolder } from "./temporary-folder.ts";

async function temporaryEnvironment(): Promise<LmdbEnvironment> {
  const environment = new LmdbEnvironment(await temporaryFolder());
  onTestFinished(() => environment.close());
  return environment;
}

const key = (text: string): Buffer => Buffer.from(text);
const value = (text: string): Buffer => Buffer.from(text);

describe("LmdbEnvironment", () => {
  it("keeps nothing of a change that throws, and passes its AgentError on", async () => {
    const environment = await temporaryEnvironment();
    const lost = new AgentError("OWNERSHIP_LOST", "no", { effect: "none" });
    await environment.transact((transaction) => transaction.put(key("a"), value("1")));

    const changing = environment.transact((transaction) => {
      transaction.put(key("a"), value("2"));
      transaction.put(key("b"), value("2"));
      throw lost;
    });

    await expect(changing).rejects.toBe(lost);
    expect(environment.get(key("a"))).toEqual(value("1"));
    expect(environment.get(key("b"))).toBeUndefined();
  });

  it("keeps nothing of a change that LMDB refuses, and goes on", async () => {
    const environment = await temporaryEnvironment();

    const changing = environment.transact((transaction) => {
      transaction.put(key("a"), value("1"));
      transaction.put(Buffer.alloc(0), value("1"));
    });

    await expect(changing).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", effect: "none" });
    await environment.transact((transaction) => transaction.put(key("b"), value("1")));
    expect(environment.get(key("a"))).toBeUndefined();
    expect(environment.get(key("b"))).toBeDefined();
  });

  it("shows a transaction its own changes", async () => {
    const environment = await temporaryEnvironment();
    const seen: (string | undefined)[] = [];

    await environment.transact((transaction) => {
      const look = (): void => {
        const found = transaction.get(key("a"));
        seen.push(found === undefined ? undefined : Buffer.from(found).toString());
      };
      look();
      transaction.put(key("a"), value("1"));
      look();
      transaction.remove(key("a"));
      look();
    });

    expect(seen).toEqual([undefined, "1", undefined]);
  });

  it("gives entries in the order of their keys, page after page, each once", async () => {
    const environment = await temporaryEnvironment();
    const names = Array.from({ length: 1000 }, (_, n) => `k${String(n).padStart(4, "0")}`);
    await environment.transact((transaction) => {
      for (const name of names.toReversed()) transaction.put(key(name), Buffer.alloc(20_000));
    });

    const found: string[] = [];
    for (let page = environment.entriesAfter(undefined); page.length > 0; ) {
      found.push(...page.map((entry) => entry.key.toString()));
      page = environment.entriesAfter(page.at(-1)?.key);
    }

    expect(found).toEqual(names);
  });
});
