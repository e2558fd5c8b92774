import { spawnSync } from "node:child_process";
import type { Lack } from "../../scripts/closing-line-reporter.ts";
import { describeUnlessLacking, hostVariables } from "../test-host.ts";

const howToStart = "start the engines with scripts/test-host up";

/** A suite that needs redis-server. Without it it is skipped by name, or fails where `CI=true`. */
export function describeWithRedis(title: string, body: () => void): void {
  describeUnlessLacking(lackingOfRedis(), title, body);
}

/**
 * The server that all tests share: each uses nodes of its own, and none stops it.
 * @throws where there is none; {@link describeWithRedis} keeps tests from that.
 */
export function sharedRedisUrl(): string {
  const url = hostVariables()["PERSYS_TEST_REDIS"];
  if (url === undefined || url === "") throw new Error(`no PERSYS_TEST_REDIS: ${howToStart}`);
  return url;
}

function lackingOfRedis(): Lack | undefined {
  const url = hostVariables()["PERSYS_TEST_REDIS"];
  if (url === undefined || url === "") return `no Redis server for tests (${howToStart})`;
  if (spawnSync("redis-server", ["--version"]).error !== undefined) return "no redis-server";
  return undefined;
}
