import type { Labels } from "../config/labels.ts";

/** The part of the settings that labels come from. */
export interface LabelSettings {
  readonly nodeLabels: Labels;
  readonly nodeRegion: string;
  readonly nodeEnv: string;
}

/** Names that existing agents and schedulers use where Node has its own. */
const systems: Readonly<Record<string, string>> = { win32: "windows" };
const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** The labels of a node: `os` and `arch` unless given, then those given, then `region` and `env` where set. */
export function nodeLabels(
  settings: LabelSettings,
  host: { readonly platform: string; readonly arch: string } = process,
): Labels {
  return {
    os: systems[host.platform] ?? host.platform,
    arch: architectures[host.arch] ?? host.arch,
    ...settings.nodeLabels,
    ...(settings.nodeRegion === "" ? {} : { region: settings.nodeRegion }),
    ...(settings.nodeEnv === "" ? {} : { env: settings.nodeEnv }),
  };
}
