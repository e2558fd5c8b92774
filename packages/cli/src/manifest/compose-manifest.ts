import { create } from "@bufbuild/protobuf";
import { ApplyWorkloadRequestSchema, WorkloadType } from "@persys/client/contract";
import type { FieldSegments } from "./field-segments.ts";
import type { Manifest, ParsedManifests } from "./manifest.ts";
import type { Source } from "./read-sources.ts";
import { readYaml } from "./yaml-document.ts";

/** What a plain compose file lacks to be a workload. */
export interface ComposeApply {
  readonly id: string;
  /** Empty: derived from the spec. */
  readonly revision: string;
  /** The environment in which the file is read. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the agent is to fetch the file from; left out: it is sent. */
  readonly git?: GitFile;
}

/** A compose file in a repository of git. What is empty the agent finds for itself. */
export interface GitFile {
  readonly repository: string;
  readonly ref: string;
  readonly path: string;
  readonly username: string;
  /** A reference: `file:` and a path on the node, or `env:` and a variable of the agent. */
  readonly password: string;
}

/** A compose file that the agent fetches as the manifest of one workload. */
export function gitManifest(apply: ComposeApply & { readonly git: GitFile }): Manifest {
  const { git, env } = apply;
  const request = create(ApplyWorkloadRequestSchema, {
    id: apply.id,
    type: WorkloadType.COMPOSE,
    revisionId: apply.revision,
    spec: { spec: { case: "compose", value: { git: { ...git }, env: { ...env } } } },
  });
  return { request, locate: () => ({ file: git.repository, line: 1, column: 1 }) };
}

/**
 * A plain compose file as the manifest of one workload. What the agent finds wrong in it is shown where it stands in the file; here it is only
 * seen that there is one document.
 */
export function composeManifest(source: Source, apply: ComposeApply): ParsedManifests {
  const { documents, problems } = readYaml(source);
  const [document, second] = documents;
  if (problems.length > 0) return { ok: false, problems };
  if (document === undefined || second !== undefined) {
    const at = second?.locate([]) ?? { file: source.name, line: 1, column: 1 };
    const rule = second === undefined ? "holds no compose file" : "holds more than one document";
    return { ok: false, problems: [{ ...at, path: [], rule }] };
  }
  const request = create(ApplyWorkloadRequestSchema, {
    id: apply.id,
    type: WorkloadType.COMPOSE,
    revisionId: apply.revision,
    spec: {
      spec: { case: "compose", value: { composeYaml: source.text, env: { ...apply.env } } },
    },
  });
  const locate: Manifest["locate"] = (path) => document.locate(pathInFile(path));
  return { ok: true, manifests: [{ request, locate }] };
}

/** What follows the field that holds the file, in whichever way that is written. */
function pathInFile(path: FieldSegments): FieldSegments {
  const at = path.findIndex((it) => it === "compose_yaml" || it === "composeYaml");
  return at === -1 ? [] : path.slice(at + 1);
}
