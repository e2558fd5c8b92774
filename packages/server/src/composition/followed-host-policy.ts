import { isDeepStrictEqual } from "node:util";
import {
  type Demands,
  type Denial,
  type HostPolicy,
  hostPolicyOf,
  type HostPolicyRules,
} from "@persys/core";
import type { AgentSettings } from "./agent-settings.ts";
import { hostPolicyRules, hostPolicySettingNames } from "./host-policy.ts";

/**
 * The host policy of settings that do not change, by where their paths lead: links of the host may be pointed elsewhere at any time, as whoever
 * rotates a folder of secrets does. They are followed anew before anything is denied, and not for what is given anyway: that would wait for every
 * file system that a setting names.
 */
export class FollowedHostPolicy implements HostPolicy {
  readonly #settings: AgentSettings;
  readonly #ownFiles: readonly string[];
  readonly #onElsewhere: () => void;
  #rules: HostPolicyRules;
  #policy: HostPolicy;

  /** `onElsewhere` is called, during a judgement, whenever paths were found to lead elsewhere than before. */
  constructor(settings: AgentSettings, ownFiles: readonly string[], onElsewhere: () => void) {
    this.#settings = settings;
    this.#ownFiles = ownFiles;
    this.#onElsewhere = onElsewhere;
    this.#rules = hostPolicyRules(settings, ownFiles);
    this.#policy = hostPolicyOf(this.#rules, hostPolicySettingNames);
  }

  judge(demands: Demands, type: string): readonly Denial[] {
    const denials = this.#policy.judge(demands, type);
    if (denials.length === 0 || !this.follow()) return denials;
    this.#onElsewhere();
    return this.#policy.judge(demands, type);
  }

  /** Follows the paths of the settings anew. Returns whether any of them leads elsewhere than before. */
  follow(): boolean {
    const rules = hostPolicyRules(this.#settings, this.#ownFiles);
    if (isDeepStrictEqual(rules, this.#rules)) return false;
    this.#rules = rules;
    this.#policy = hostPolicyOf(rules, hostPolicySettingNames);
    return true;
  }
}
