import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";
import { type ComposeApply, composeManifest, gitManifest } from "../manifest/compose-manifest.ts";
import { type Manifest, parseManifests } from "../manifest/manifest.ts";
import { readSources } from "../manifest/read-sources.ts";
import type { Session } from "../session.ts";
import { invalidFiles } from "./check-documents.ts";

/** Where workloads come from. */
export interface WorkloadSource {
  /** Files with documents of workloads, `-` for stdin. */
  readonly files: readonly string[];
  /** Where the one file is a plain compose file: what it lacks. */
  readonly compose?: ComposeApply;
}

/** The workloads of a source. @throws {CliError} with everything that is wrong with them, `outcome` behind the number of problems */
export async function readWorkloads(
  session: Session,
  { compose, files }: WorkloadSource,
  outcome: string,
): Promise<readonly Manifest[]> {
  if (compose?.git !== undefined) return [gitManifest({ ...compose, git: compose.git })];
  const sources = await readSources(files, session.host);
  const [source] = sources;
  if (compose !== undefined && (source === undefined || sources.length > 1))
    throw new CliError(exitCodes.usage, "with --type compose there is one file at a time");
  const parsed =
    compose === undefined || source === undefined
      ? parseManifests(sources)
      : composeManifest(source, compose);
  if (!parsed.ok) throw invalidFiles(parsed.problems, { outcome });
  return parsed.manifests;
}
