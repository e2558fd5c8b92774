import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import type { Lack } from "../../../../scripts/closing-line-reporter.ts";
import { describeUnlessLacking } from "../../../../test/test-host.ts";

const program = "/usr/bin/chromium";

/** A suite that needs Chromium. Without it it is skipped by name, or fails where `CI=true`. */
export function describeWithChromium(title: string, body: () => void): void {
  describeUnlessLacking(lackingOfChromium(), title, body);
}

/** Starts a browser with a new profile for whom `names` all lead to this machine, as after DNS rebinding. */
export function startChromium(names: readonly string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // It would ask a person whether a page may call this machine at all; here the agent is to refuse it.
      "--disable-features=LocalNetworkAccessChecks",
      `--host-resolver-rules=${names.map((name) => `MAP ${name} 127.0.0.1`).join(",")}`,
    ],
  });
}

function lackingOfChromium(): Lack | undefined {
  return existsSync(program) ? undefined : "no chromium (package chromium of Debian)";
}
