import type { MountedPath } from "../docker/container-demands.ts";
import {
  itemsOf,
  type Members,
  membersOf,
  type ResolvedProject,
  type ResolvedService,
  textOf,
} from "./resolved-project.ts";

/**
 * Where the command runs, and relative paths of a file begin: a folder that every Linux has and nobody mounts, in which there can be no file of
 * anybody's. The first generation of the command takes them from where it runs, whatever it is told.
 */
export const noFolder = "/proc/sys/kernel";

/** A place in the spec, part by part. */
type SpecPath = readonly (string | number)[];

/** A path of the host, and where in the spec it is asked for. */
export interface ProjectMount extends MountedPath {
  readonly path: SpecPath;
}

type Mount = Pick<MountedPath, "hostPath" | "readOnly">;

/** The paths of the host that containers of a project get to see. */
export function mountedPaths({ services, volumes }: ResolvedProject): readonly ProjectMount[] {
  const inServices = services.flatMap(({ name, members }) =>
    itemsOf(members["volumes"]).map((it, at) => ({
      mount: typeof it === "string" ? shortMount(it) : longMount(it),
      path: ["composeYaml", "services", name, "volumes", at],
    })),
  );
  const inVolumes = Object.entries(volumes).map(([name, it]) => ({
    mount: boundMount(membersOf(it)),
    path: ["composeYaml", "volumes", name, "driver_opts", "device"],
  }));
  return [...inServices, ...inVolumes].flatMap(({ mount, path }) =>
    mount === undefined ? [] : [{ ...mount, path, field: fieldText(path) }],
  );
}

/** `/source:/target:ro`; a source that is no path is the name of a volume. */
function shortMount(mount: string): Mount | undefined {
  const [source = "", target, mode = ""] = mount.split(":");
  if (target === undefined || !/^[/.~]/.test(source)) return undefined;
  return { hostPath: source, readOnly: mode.split(",").includes("ro") };
}

function longMount(mount: unknown): Mount | undefined {
  const { type, source, read_only: readOnly } = membersOf(mount);
  // What is neither a volume nor memory gets a path of the host, whatever a later compose calls it.
  if (type === "volume" || type === "tmpfs") return undefined;
  return { hostPath: textOf(source), readOnly: readOnly === true };
}

function boundMount(volume: Members): Mount | undefined {
  const hostPath = boundFolder(volume);
  return hostPath === undefined ? undefined : { hostPath, readOnly: false };
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
  return fieldText(["composeYaml", "services", name, field]);
}

/** Names of services may have dots, so those that do stand in brackets. */
function fieldText(path: SpecPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (!/^[\w-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}
