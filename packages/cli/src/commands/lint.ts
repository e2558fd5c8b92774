import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";
import { readManifests, reportValid, validate } from "./check-documents.ts";

/**
 * Says of every document of the files what the agent would say to it: the rules it breaks, and what the node's policy denies, with the places
 * in the files. Nothing is stored.
 */
export async function lint(session: Session, files: readonly string[]): Promise<ExitCode> {
  const manifests = await readManifests(session, files, "");
  await reportValid(session, await validate(session, manifests, ""));
  return exitCodes.ok;
}
