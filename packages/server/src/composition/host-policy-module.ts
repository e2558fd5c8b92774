import { fixedHostPolicy, hostPolicyOf } from "@persys/core";
import { ContainerModule } from "inversify";
import { hostPolicyRules, hostPolicySettingNames } from "./host-policy.ts";
import { tokens } from "./tokens.ts";

/** What workloads may ask of this host, as the settings say. */
export const hostPolicyModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.hostPolicy)
    .toResolvedValue(
      (settings) =>
        fixedHostPolicy(hostPolicyOf(hostPolicyRules(settings), hostPolicySettingNames)),
      [tokens.settings],
    )
    .inSingletonScope();
});
