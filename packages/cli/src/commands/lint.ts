import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";
import { reportValid, validate } from "./check-documents.ts";
import { readWorkloads, type WorkloadSource } from "./workload-source.ts";

/**
 * Says of every workload what the agent would say to it: the rules it breaks, and what the node's policy denies, with the places in the files.
 * Nothing is stored.
 */
export async function lint(session: Session, source: WorkloadSource): Promise<ExitCode> {
  const manifests = await readWorkloads(session, source, "");
  await reportValid(session, await validate(session, manifests, ""));
  return exitCodes.ok;
}
