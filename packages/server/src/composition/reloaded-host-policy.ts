import type { HostPolicy, HostPolicySource, Logger } from "@persys/core";
import type { Config } from "../config/config.ts";
import { configTable } from "../config/config-table.ts";
import { describeProblem } from "../config/load-config.ts";
import { policyOptions } from "../config/policy-options.ts";
import type { AgentSettings } from "./agent-settings.ts";
import { FollowedHostPolicy } from "./followed-host-policy.ts";

/** What a reloaded host policy is made of. */
export interface ReloadedHostPolicyOptions {
  readonly settings: AgentSettings;
  /** Files that are the agent's own besides those that settings name. The same list as long as they are the same. */
  readonly ownFiles: () => readonly string[];
  readonly logger: Logger;
}

type Setting = keyof Config;

const settingsOfPolicy: ReadonlySet<string> = new Set(Object.keys(policyOptions));

/** The host policy of the agent's settings. It is another one once these were read anew and say otherwise, or their paths lead elsewhere. */
export class ReloadedHostPolicy implements HostPolicySource {
  readonly #options: ReloadedHostPolicyOptions;
  readonly #listeners: Set<() => void> = new Set();
  #settings: AgentSettings;
  #ownFiles: readonly string[];
  #policy: FollowedHostPolicy;

  constructor(options: ReloadedHostPolicyOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#ownFiles = options.ownFiles();
    this.#policy = this.#policyOf(this.#settings, this.#ownFiles);
  }

  current(): HostPolicy {
    const ownFiles = this.#options.ownFiles();
    if (ownFiles !== this.#ownFiles) this.#become(this.#settings, ownFiles);
    return this.#policy;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Reads the settings anew, and follows their paths anew. Those of the host policy hold from now on; of others that have changed the log says
   * that they do at the next start.
   * Where any of them is wrong nothing changes, and the log says why.
   */
  reload(): void {
    const { logger } = this.#options;
    const loaded = this.#settings.reread();
    if (!loaded.ok) {
      const problems = loaded.problems.map(describeProblem);
      logger.error("the settings cannot be used; what they said before goes on to hold", {
        problems,
      });
      return;
    }
    const { config } = this.#settings;
    const changed = changedIn(config, loaded.config);
    const later = changed.filter((name) => !settingsOfPolicy.has(name));
    if (later.length > 0) {
      logger.warn("some settings have changed that take effect at the next start of the agent", {
        settings: later.map(keyOf),
      });
    }
    const now = changed.filter((name) => settingsOfPolicy.has(name));
    if (now.length === 0) {
      if (this.#policy.follow()) this.#nowElsewhere();
      else logger.info("the host policy is as it was");
      return;
    }
    const values = Object.fromEntries(now.map((name) => [name, loaded.config[name]]));
    const next = { ...this.#settings, config: { ...config, ...values } };
    this.#become(next, this.#options.ownFiles());
    logger.info("another host policy holds", { settings: now.map(keyOf) });
    this.#tell();
  }

  #nowElsewhere(): void {
    this.#options.logger.info("paths that the host policy names lead elsewhere now");
    // What listens may judge, which whoever found this out is still in the middle of.
    queueMicrotask(() => this.#tell());
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #become(settings: AgentSettings, ownFiles: readonly string[]): void {
    this.#policy = this.#policyOf(settings, ownFiles);
    this.#settings = settings;
    this.#ownFiles = ownFiles;
  }

  #policyOf(settings: AgentSettings, ownFiles: readonly string[]): FollowedHostPolicy {
    return new FollowedHostPolicy(settings, ownFiles, () => this.#nowElsewhere());
  }
}

function changedIn(before: Config, after: Config): readonly Setting[] {
  const names = Object.keys(before) as Setting[];
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function keyOf(name: Setting): string {
  return configTable[name].key;
}
