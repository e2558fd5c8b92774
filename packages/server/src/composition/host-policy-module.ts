import { ContainerModule, type ServiceIdentifier } from "inversify";
import type { LifecyclePart } from "../lifecycle/lifecycle.ts";
import type { AgentAccess } from "../security/access/agent-access.ts";
import { ReloadedHostPolicy } from "./reloaded-host-policy.ts";
import { tokens } from "./tokens.ts";

const reloaded: ServiceIdentifier<ReloadedHostPolicy> = Symbol("ReloadedHostPolicy");

/** What workloads may ask of this host, as the settings say, and as they say when they are read anew. */
export const hostPolicyModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(reloaded)
    .toResolvedValue(
      (settings, access, logger) =>
        new ReloadedHostPolicy({ settings, ownFiles: () => access.keyFiles(), logger }),
      [tokens.settings, tokens.access, tokens.logger],
    )
    .inSingletonScope();
  bind(tokens.hostPolicy).toService(reloaded);
  bind(tokens.background)
    .toDynamicValue(async (context) => {
      const { dev } = context.get(tokens.settings);
      const policy = await context.getAsync<ReloadedHostPolicy>(reloaded);
      const access = await context.getAsync(tokens.access);
      return reloadPart(dev, policy, access);
    })
    .inSingletonScope();
});

/**
 * Reads settings, certificates and the access file anew on SIGHUP, as services do (`systemctl reload`). A development agent is ended by that signal,
 * which is how a terminal says that it closes.
 */
function reloadPart(dev: boolean, policy: ReloadedHostPolicy, access: AgentAccess): LifecyclePart {
  const reload = (): void => {
    policy.reload();
    void access.reread();
  };
  return {
    name: "the reloading of settings",
    startTimeoutMs: 1_000,
    stopTimeoutMs: 1_000,
    start: () => {
      if (!dev) process.on("SIGHUP", reload);
      return Promise.resolve();
    },
    stop: () => {
      process.off("SIGHUP", reload);
      return Promise.resolve();
    },
  };
}
