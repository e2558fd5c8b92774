import type { ApplyWorkloadResponse } from "@persys/client/contract";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Session } from "../session.ts";
import { safeLine } from "../text/safe-text.ts";
import { exitCodeOfAll, waitForAll, type WaitResult } from "../wait.ts";
import { type Applied, asJson, reportValid, send, validate } from "./check-documents.ts";
import { readWorkloads, type WorkloadSource } from "./workload-source.ts";

const nothingApplied = "; nothing was applied";

/** What `persysctl apply` was given. */
export interface ApplyOptions {
  readonly source: WorkloadSource;
  readonly wait: boolean;
  readonly timeoutMs: number;
  readonly validateOnly: boolean;
}

/**
 * Applies every document of the files. They are all checked first, here and by the agent, so that nothing is applied where one of them is
 * wrong; an agent that fails in between leaves those applied that were reported.
 */
export async function apply(session: Session, options: ApplyOptions): Promise<ExitCode> {
  const manifests = await readWorkloads(session, options.source, nothingApplied);
  // One apply is checked as a whole by itself; several need a round of their own before the first has an effect.
  const checked =
    options.validateOnly || manifests.length > 1
      ? await validate(session, manifests, nothingApplied)
      : [];
  if (options.validateOnly) {
    await reportValid(session, checked);
    return exitCodes.ok;
  }
  const applied: Applied[] = [];
  try {
    for (const manifest of manifests) {
      const response = await send(session, manifest.request, manifest);
      applied.push({ manifest, response });
      if (!session.out.flags.json) await session.out.line(line(manifest, response));
    }
  } catch (error) {
    if (session.out.flags.json && applied.length > 0)
      await session.out.json({ applied: asJson(applied, []) });
    throw error;
  }
  const results = options.wait ? await waitForApplied(session, applied, options.timeoutMs) : [];
  if (session.out.flags.json) await session.out.json({ applied: asJson(applied, results) });
  return exitCodeOfAll(results);
}

async function waitForApplied(
  session: Session,
  applied: readonly Applied[],
  timeoutMs: number,
): Promise<readonly WaitResult[]> {
  const awaited = applied.map(({ manifest, response }) => ({
    id: manifest.request.id,
    status: response.status,
  }));
  const results = await waitForAll(session, awaited, { until: "settled", timeoutMs });
  if (!session.out.flags.json) {
    for (const { sentence } of results) await session.out.line(safeLine(sentence));
  }
  return results;
}

function line(manifest: Manifest, response: ApplyWorkloadResponse): string {
  const { id } = manifest.request;
  const verb = response.skipped ? "unchanged" : "applied";
  const said = response.message === "" ? "" : `: ${safeLine(response.message)}`;
  return `${id}: ${verb}${said}`;
}
