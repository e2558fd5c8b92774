import { Code } from "@connectrpc/connect";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { serve, type Serving } from "../connect/serving.ts";
import { describeWithChromium, startChromium } from "./chromium.ts";
import type { Asked, Outcome } from "./console.ts";
import { openSite, type Site } from "./module-server.ts";

// Not among the end-to-end tests, whose containers come and go: Chromium breaks off what it fetches whenever an address of the machine does.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** A name of a stranger that leads to this machine, as after DNS rebinding. */
const rebound = "rebound.test";

describeWithChromium("an agent that is called by pages in Chromium", () => {
  let browser: Browser;
  let friend: Site;
  let stranger: Site;
  let serving: Serving;
  let baseUrl: string;
  /** Pages of the two sites. */
  let known: Page;
  let unknown: Page;

  beforeAll(async () => {
    [friend, stranger, browser] = await Promise.all([
      openSite(),
      openSite(),
      startChromium([rebound]),
    ]);
    serving = await serve({ allowedOrigins: [friend.origin] });
    baseUrl = `http://127.0.0.1:${serving.port}`;
    known = await browser.newPage();
    await known.goto(friend.origin);
    unknown = await browser.newPage();
    await unknown.goto(stranger.origin);
  });

  afterAll(async () => {
    await browser.close();
    await Promise.all([friend.close(), stranger.close(), serving.transport.stop(0)]);
  });

  beforeEach(() => {
    serving.agent.applied.length = 0;
    serving.agent.statuses.clear();
  });

  async function useAgent(page: Page, asked: Asked): Promise<Outcome> {
    return page.evaluate<Outcome>(
      `import("/module/console").then((it) => it.useAgent(${JSON.stringify(asked)}))`,
    );
  }

  it.each(["connect", "grpc-web"] as const)(
    "lets a site that is named apply and watch with a token: %s",
    async (protocol) => {
      const outcome = await useAgent(known, { baseUrl, token: "secret", protocol });

      expect(outcome).toEqual({ applied: true, events: ["snapshot", "synced"] });
      expect(serving.agent.applied).toMatchObject([{ id: protocol }]);
    },
  );

  it.each(["connect", "grpc-web"] as const)(
    "tells such a site why its token is refused: %s",
    async (protocol) => {
      const outcome = await useAgent(known, { baseUrl, token: "wrong", protocol });

      expect(outcome).toMatchObject({ code: Code.Unauthenticated });
      expect(outcome.message).toContain("token");
    },
  );

  it.each(["connect", "grpc-web"] as const)(
    "does nothing for another site, whatever its token: %s",
    async (protocol) => {
      const outcome = await useAgent(unknown, { baseUrl, token: "secret", protocol });

      // The browser keeps even the refusal from it.
      expect(outcome.code).not.toBeUndefined();
      expect(outcome.message).toContain("Failed to fetch");
      expect(serving.agent.applied).toEqual([]);
    },
  );

  it("does nothing for another site that does not ask beforehand", async () => {
    const url = `${baseUrl}/persys.agent.v1.AgentService/ApplyWorkload`;

    const sent = unknown.evaluate(async (target) => {
      const body = JSON.stringify({ id: "web" });
      return (await fetch(target, { method: "POST", mode: "no-cors", body })).status;
    }, url);

    await expect(sent).rejects.toThrow("Failed to fetch");
    expect(serving.agent.applied).toEqual([]);
  });

  it("does nothing for a page whose name was made to lead here", async () => {
    const page = await browser.newPage();
    const home = `http://${rebound}:${serving.port}/`;
    // The page came from the stranger's own server; only then its name began to lead to the agent.
    await page.route(home, (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html><title>x</title>" }),
    );
    await page.goto(home);

    const seen = await page.evaluate(async () => {
      const path = "/persys.agent.v1.AgentService/ApplyWorkload";
      const headers = { "content-type": "application/json", authorization: "Bearer secret" };
      const answer = await fetch(path, { method: "POST", headers, body: '{"id":"web"}' });
      return [answer.status, await answer.text()] as const;
    });

    expect(seen[0]).toBe(403);
    expect(seen[1]).toContain(`not ${rebound}`);
    expect(serving.agent.applied).toEqual([]);
  });
});
