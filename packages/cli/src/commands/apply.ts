import { create, toJson } from "@bufbuild/protobuf";
import { type AgentClient, type ExplainedError, explainError } from "@persys/client";
import {
  type ApplyWorkloadRequest,
  ApplyWorkloadRequestSchema,
  type ApplyWorkloadResponse,
  ApplyWorkloadResponseSchema,
} from "@persys/client/contract";
import { CliError } from "../cli-error.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { callFailure } from "../failure.ts";
import { fieldSegments, fieldText } from "../manifest/field-segments.ts";
import { type Manifest, parseManifests } from "../manifest/manifest.ts";
import { readSources } from "../manifest/read-sources.ts";
import type { Problem } from "../manifest/yaml-document.ts";
import type { Session } from "../session.ts";
import { safeLine } from "../text/safe-text.ts";
import { exitCodeOfAll, waitForAll, type WaitResult } from "../wait.ts";
import { jsonOptions } from "./json.ts";

/** What `persysctl apply` was given. */
export interface ApplyOptions {
  readonly files: readonly string[];
  readonly wait: boolean;
  readonly timeoutMs: number;
  readonly validateOnly: boolean;
}

/** What came of one document. */
interface Applied {
  readonly manifest: Manifest;
  readonly response: ApplyWorkloadResponse;
}

/**
 * Applies every document of the files. They are all checked first, here and by the agent, so that nothing is applied where one of them is
 * wrong; an agent that fails in between leaves those applied that were reported.
 */
export async function apply(session: Session, options: ApplyOptions): Promise<ExitCode> {
  const parsed = parseManifests(await readSources(options.files, session.host));
  if (!parsed.ok) throw invalidFiles(parsed.problems);
  const { manifests } = parsed;
  // One apply is checked as a whole by itself; several need a round of their own before the first has an effect.
  const checked =
    options.validateOnly || manifests.length > 1 ? await validate(session, manifests) : [];
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

async function validate(
  session: Session,
  manifests: readonly Manifest[],
): Promise<readonly Applied[]> {
  const checked: Applied[] = [];
  const refused: RefusedDocument[] = [];
  for (const manifest of manifests) {
    const request = create(ApplyWorkloadRequestSchema, {
      ...manifest.request,
      validateOnly: true,
    });
    try {
      checked.push({ manifest, response: await send(session, request, manifest) });
    } catch (error) {
      if (!(error instanceof RefusedDocument)) throw error;
      refused.push(error);
    }
  }
  const [first] = refused;
  if (first === undefined) return checked;
  throw invalidFiles(
    refused.flatMap(({ found }) => found),
    {
      exitCode: first.exitCode,
      hints: [...new Set(refused.flatMap(({ hints }) => hints))],
    },
  );
}

/** Codes with which the agent refuses one document and would take another: the rest is about the agent or the caller. */
const refusals: ReadonlySet<string> = new Set([
  "invalid_argument",
  "aborted",
  "failed_precondition",
  "resource_exhausted",
]);

/** The agent refuses a document; what it finds wrong, with the places in the file. */
class RefusedDocument extends CliError {
  readonly found: readonly Problem[];

  constructor(manifest: Manifest, { violations }: ExplainedError, failure: CliError) {
    const { id } = manifest.request;
    const places =
      violations.length === 0
        ? [{ path: [], rule: failure.message }]
        : violations.map(({ field, description }) => ({
            path: fieldSegments(field),
            rule: description,
          }));
    const found = places.map(({ path, rule }) => ({ ...manifest.locate(path), path, rule }));
    super(failure.exitCode, `the agent refuses ${id}; nothing of it was applied`, {
      problems: found.map(problemLine),
      hints: failure.hints,
      code: failure.code,
      cause: failure,
    });
    this.found = found;
  }
}

/** @throws {RefusedDocument} for what is wrong with the document; {CliError} for anything else, naming the document. */
async function send(
  session: Session,
  request: ApplyWorkloadRequest,
  manifest: Manifest,
): Promise<ApplyWorkloadResponse> {
  const client: AgentClient = await session.connect();
  try {
    return await client.applyWorkload(request, { signal: session.host.signal });
  } catch (error) {
    const connection = session.connection();
    if (connection === undefined || session.host.signal.aborted) throw error;
    const explained = explainError(error);
    const failure = callFailure(explained, connection);
    if (refusals.has(explained.code) && explained.connection === undefined) {
      throw new RefusedDocument(manifest, explained, failure);
    }
    throw new CliError(failure.exitCode, `${request.id}: ${failure.message}`, {
      hints: failure.hints,
      problems: failure.problems,
      code: failure.code,
      cause: error,
    });
  }
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

async function reportValid(session: Session, checked: readonly Applied[]): Promise<void> {
  const { out } = session;
  if (out.flags.json) return out.json({ valid: asJson(checked, []) });
  for (const { manifest, response } of checked) {
    const { file, line: at } = manifest.locate([]);
    const said = response.message === "" ? "valid" : response.message;
    await out.line(safeLine(`${manifest.request.id}: ${said} (${file}:${at})`));
  }
}

/** The agent's answers, each with where its document stands; after a wait with how that ended and the last status. */
function asJson(applied: readonly Applied[], results: readonly WaitResult[]): readonly object[] {
  return applied.map(({ manifest, response }) => {
    const { id } = manifest.request;
    const outcome = results.find((it) => it.id === id)?.outcome;
    const status = outcome !== undefined && "status" in outcome ? outcome.status : response.status;
    const answer = { ...response, ...(status === undefined ? {} : { status }) };
    const { file, line: at } = manifest.locate([]);
    const json = toJson(ApplyWorkloadResponseSchema, answer, jsonOptions);
    const ended = outcome === undefined ? {} : { outcome: outcome.kind };
    return { id, file, line: at, ...ended, ...(json as object) };
  });
}

function line(manifest: Manifest, response: ApplyWorkloadResponse): string {
  const { id } = manifest.request;
  const verb = response.skipped ? "unchanged" : "applied";
  const said = response.message === "" ? "" : `: ${safeLine(response.message)}`;
  return `${id}: ${verb}${said}`;
}

function invalidFiles(
  problems: readonly Problem[],
  {
    exitCode = exitCodes.usage,
    hints = [],
  }: { exitCode?: ExitCode; hints?: readonly string[] } = {},
): CliError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new CliError(exitCode, `${count} in the workload files; nothing was applied`, {
    problems: problems.map(problemLine),
    hints,
  });
}

/** `hello.yaml:3:5: spec.process.command: is required`, as editors and compilers write it. */
function problemLine({ file, line: at, column, path, rule }: Problem): string {
  const field = fieldText(path);
  return `${file}:${at}:${column}: ${field === "" ? "" : `${field}: `}${rule}`;
}
