import type { Progress, Target } from "@persys/core";
import type { DockerClient } from "../docker/docker-client.ts";
import { type DockerEndpoint, isLocalEndpoint } from "../docker/docker-endpoint.ts";
import { hostPathFailure } from "../docker/host-paths.ts";
import { nameHeld } from "./compose-errors.ts";
import type { OwnedProjects } from "./owned-projects.ts";
import { type ProjectCommand, resolvedUnder } from "./project-command.ts";
import { mountedPaths } from "./mounted-paths.ts";
import type { ProjectFolders } from "./project-folders.ts";
import type { ProjectImages } from "./project-images.ts";
import { marksOf } from "./project-labels.ts";
import { projectNameOf } from "./project-name.ts";
import { type ProjectSources, specOf } from "./project-sources.ts";
import type { PreparedRevision, WantedService } from "./project-state.ts";
import {
  membersOf,
  type ResolvedProject,
  type ResolvedService,
  textOf,
} from "./resolved-project.ts";
import { placeOf } from "./revision-place.ts";

/** What preparing works on. */
export interface PrepareContext {
  readonly client: DockerClient;
  readonly command: ProjectCommand;
  readonly endpoint: DockerEndpoint;
  readonly folders: ProjectFolders;
  readonly images: ProjectImages;
  readonly nodeId: string;
  readonly owned: OwnedProjects;
  readonly sources: ProjectSources;
}

/** How a call is listened to. */
export interface PrepareCall {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/**
 * Checks all of a revision that can be checked, pulls its images, and stores its compose file. Disturbs nothing that runs. Repeatable.
 * @throws {AgentError} INVALID_SPEC, NAME_CONFLICT, STORAGE_ERROR, and what a pull throws.
 */
export async function prepareProject(
  target: Target,
  context: PrepareContext,
  { signal, progress }: PrepareCall,
): Promise<void> {
  const { command, endpoint, folders, images, owned, sources } = context;
  const { spec } = specOf(target.spec);
  const { id } = target;
  if (spec.git !== undefined) progress("fetching the compose file");
  const found = await sources.find(target.spec, target, signal);
  const place = placeOf(target, found.git !== undefined);
  if (found.git !== undefined) {
    signal.throwIfAborted();
    // Whatever keeps the rest from being done now, it is of this commit that it will be done.
    await folders.storeSource(place, found);
  }
  progress("checking the compose file");
  const resolved = await command.resolve(found, signal);
  const project = spec.projectName ?? projectNameOf(id);
  const names = namesOf(resolved, project);
  await owned.checkPlace(id, { project, names }, signal);
  await checkNames(resolved, target, context, signal);
  const hostPaths = mountedPaths(resolved).map((it) => it.hostPath);
  const failure = isLocalEndpoint(endpoint) ? await hostPathFailure(hostPaths) : undefined;
  if (failure !== undefined) throw failure;
  const known = await folders.prepared(place);
  const wanted = resolved.services.map((it) => it.image);
  // One that was prepared before keeps its images: only what comes first decides what a moving tag means.
  const isComplete = known !== undefined && (await images.missing(wanted, signal)) === undefined;
  if (!isComplete) await images.prepare(resolved, signal, progress);
  const revision: PreparedRevision = {
    project,
    services: resolved.services.map(wantedOf),
    profiles: spec.profiles ?? [],
    ...(found.git === undefined ? {} : { git: found.git }),
    retainVolumes: spec.retainVolumes ?? false,
    names,
  };
  signal.throwIfAborted();
  await folders.prepare(place, {
    source: found.git === undefined ? sources.owned(found, target) : found,
    revision,
  });
}

/** Where the file gives none, a name is made of the project's; the file was resolved under another one. */
function namesOf({ networks, volumes }: ResolvedProject, project: string): readonly string[] {
  const parts = [...Object.entries(networks), ...Object.entries(volumes), ["default", {}] as const];
  const names = parts.flatMap(([key, part]) => {
    const given = textOf(membersOf(part)["name"]);
    const made = `${project}_${key}`;
    return given === "" || given === `${resolvedUnder}_${key}` ? [made] : [given];
  });
  return [...new Set(names)];
}

/** Names that a file gives to its containers are the whole engine's. */
async function checkNames(
  { services }: ResolvedProject,
  { id }: Target,
  { client, nodeId }: PrepareContext,
  signal: AbortSignal,
): Promise<void> {
  for (const { members, name } of services) {
    const container = textOf(members["container_name"]);
    if (container === "") continue;
    const holder = await client.named(container, signal);
    if (holder === undefined || marksOf(holder.Config.Labels, nodeId)?.id === id) continue;
    throw nameHeld(container, name);
  }
}

/** What is stored of a service: nothing that may be a secret. */
function wantedOf({ members: _members, ...wanted }: ResolvedService): WantedService {
  return wanted;
}
