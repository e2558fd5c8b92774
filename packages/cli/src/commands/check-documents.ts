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
import type { Manifest } from "../manifest/manifest.ts";
import type { Problem } from "../manifest/yaml-document.ts";
import type { Session } from "../session.ts";
import { safeLine } from "../text/safe-text.ts";
import type { WaitResult } from "../wait.ts";
import { jsonOptions } from "./json.ts";

/** What came of one document. */
export interface Applied {
  readonly manifest: Manifest;
  readonly response: ApplyWorkloadResponse;
}

/**
 * Lets the agent check every document, and store nothing.
 * @throws {CliError} with everything that it refuses in any of them, `outcome` behind the number of problems.
 */
export async function validate(
  session: Session,
  manifests: readonly Manifest[],
  outcome: string,
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
      outcome,
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

/** Sends an apply. @throws {RefusedDocument} for what is wrong with the document; {CliError} for anything else, naming the document. */
export async function send(
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

/** Says of each document that it may be applied. */
export async function reportValid(session: Session, checked: readonly Applied[]): Promise<void> {
  const { out } = session;
  if (out.flags.json) return out.json({ valid: asJson(checked, []) });
  for (const { manifest, response } of checked) {
    const { file, line: at } = manifest.locate([]);
    const said = response.message === "" ? "valid" : response.message;
    await out.line(safeLine(`${manifest.request.id}: ${said} (${file}:${at})`));
  }
}

/** The agent's answers, each with where its document stands; after a wait with how that ended and the last status. */
export function asJson(
  applied: readonly Applied[],
  results: readonly WaitResult[],
): readonly object[] {
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

/** What is wrong with files, `outcome` behind the number of problems. */
export function invalidFiles(
  problems: readonly Problem[],
  {
    outcome,
    exitCode = exitCodes.usage,
    hints = [],
  }: { outcome: string; exitCode?: ExitCode; hints?: readonly string[] },
): CliError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new CliError(exitCode, `${count} in the workload files${outcome}`, {
    problems: problems.map(problemLine),
    hints,
  });
}

/** `hello.yaml:3:5: spec.process.command: is required`, as editors and compilers write it. */
function problemLine({ file, line: at, column, path, rule }: Problem): string {
  const field = fieldText(path);
  return `${file}:${at}:${column}: ${field === "" ? "" : `${field}: `}${rule}`;
}
