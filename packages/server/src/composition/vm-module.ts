import type { LibvirtRuntime } from "@persys/adapters/libvirt";
import { ContainerModule, type ServiceIdentifier } from "inversify";
import type { AgentSettings } from "./agent-settings.ts";
import { agentPaths } from "./host-policy.ts";
import { tokens } from "./tokens.ts";

const libvirtRuntime: ServiceIdentifier<LibvirtRuntime> = Symbol("LibvirtRuntime");

/** Workloads that are virtual machines of libvirt. Nothing is asked of it yet: it may come later than the agent. */
export const vmModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind<LibvirtRuntime>(libvirtRuntime)
    .toResolvedValue(
      async (settings, logger) => {
        // Imported when it is made: the table of libvirt's calls takes a while, and not every node has machines.
        const { LibvirtRuntime } = await import("@persys/adapters/libvirt");
        const protectedPaths = agentPaths(settings);
        return new LibvirtRuntime({ ...vmRuntimeOptions(settings), protectedPaths, logger });
      },
      [tokens.settings, tokens.logger],
    )
    .inSingletonScope()
    .onDeactivation((runtime) => runtime.close());
  bind(tokens.runtime).toService(libvirtRuntime);
});

/** What the settings say to the runtime of machines. */
export function vmRuntimeOptions({ config, nodeId }: AgentSettings): {
  readonly nodeId: string;
  readonly uri: string;
  readonly accelerator: "auto" | "kvm" | "tcg";
  readonly folder: string;
  readonly diskFolder: string;
  readonly imageFolder: string;
} {
  return {
    nodeId,
    uri: config.libvirtUri,
    accelerator: config.vmAccelerator,
    folder: config.vmRoot,
    diskFolder: config.vmDiskFolder,
    imageFolder: config.vmImageFolder,
  };
}
