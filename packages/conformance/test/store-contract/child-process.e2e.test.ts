import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { CommittingChild } from "../../src/store-contract/child-process.ts";

it("a wait for a child that says nothing ends when its signal aborts, with the reason", async () => {
  const module = fileURLToPath(new URL("silent-child.ts", import.meta.url));
  const called = new AbortController();
  const child = new CommittingChild({ module, options: {} }, 0, called.signal);
  onTestFinished(() => child.kill());

  const opened = child.opened();
  const reason = new Error("the case was given 1 ms");
  called.abort(reason);

  await expect(opened).rejects.toBe(reason);
});
