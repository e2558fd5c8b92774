import type { MountedPath } from "../docker/container-demands.ts";
import {
  itemsOf,
  type Members,
  membersOf,
  type ResolvedProject,
  type ResolvedService,
  textOf,
} from "./resolved-project.ts";

/** Where relative paths of a file begin: nowhere, so that none leads to a place of the node. */
export const noFolder = "/nonexistent";

/** The paths of the host that containers of a project get to see. */
export function mountedPaths({ services, volumes }: ResolvedProject): readonly MountedPath[] {
  return [
    ...services.flatMap((service) =>
      itemsOf(service.members["volumes"]).flatMap((it, at) => {
        const field = `${fieldOf(service, "volumes")}[${at}]`;
        return typeof it === "string" ? shortMount(it, field) : longMount(it, field);
      }),
    ),
    ...Object.entries(volumes).flatMap(([name, it]) => {
      const hostPath = boundFolder(membersOf(it));
      const field = `composeYaml.volumes.${name}.driver_opts.device`;
      return hostPath === undefined ? [] : [{ hostPath, readOnly: false, field }];
    }),
  ];
}

/** `/source:/target:ro`; a source that is no path is the name of a volume. */
function shortMount(mount: string, field: string): readonly MountedPath[] {
  const [source = "", target, mode = ""] = mount.split(":");
  if (target === undefined || !/^[/.~]/.test(source)) return [];
  return [{ hostPath: source, readOnly: mode.split(",").includes("ro"), field }];
}

function longMount(mount: unknown, field: string): readonly MountedPath[] {
  const { type, source, read_only: readOnly } = membersOf(mount);
  // What is neither a volume nor memory gets a path of the host, whatever a later compose calls it.
  if (type === "volume" || type === "tmpfs") return [];
  return [{ hostPath: textOf(source), readOnly: readOnly === true, field }];
}

/** Whether a volume of the local driver stands for a folder of the host, and which. */
export function boundFolder(volume: Members): string | undefined {
  const options = membersOf(volume["driver_opts"]);
  const device = textOf(options["device"]);
  const mode = textOf(options["o"]).split(",");
  const isBind = mode.includes("bind") || mode.includes("rbind");
  return isBind && device.startsWith("/") ? device : undefined;
}

/** A place in the spec that names service and field. */
export function fieldOf({ name }: ResolvedService, field: string): string {
  return `composeYaml.services.${name}.${field}`;
}
