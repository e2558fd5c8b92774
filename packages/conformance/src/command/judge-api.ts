import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { explainError } from "@persys/client";
import {
  apiContract,
  type ApiSubject,
  type ApiWorkloads,
  processWorkloads,
} from "../api-contract.ts";
import { connectTo } from "../api-contract/api-connection.ts";
import type { ApiOptions } from "./api-options.ts";
import type { CommandHost } from "./command-host.ts";
import type { ExitCode } from "./exit-codes.ts";
import { exampleHints, loadExport, type WantedExport } from "./load-module.ts";
import { type Kit, runKit } from "./run-kit.ts";
import { assertMembers } from "./subject-shape.ts";
import { UsageError } from "./usage-error.ts";

const wanted: WantedExport = {
  name: "workloads",
  example: [
    "export const workloads = {",
    "  type: WorkloadType.CONTAINER, runtime: 'docker',",
    "  longRunning: (variant, labels) => ({ … }), exitsWith: (code) => ({ … }),",
    "  invalid: { spec: { … }, fields: ['spec.…', 'spec.…'] },",
    "  otherType: { … },",
    "};",
  ],
};

/**
 * Judges the server at an endpoint. Returns the exit code.
 * @throws {UsageError} when it cannot begin.
 */
export async function judgeApi(options: ApiOptions, host: CommandHost): Promise<ExitCode> {
  const subject = await subjectOf(options, host);
  const kit: Kit = {
    contract: "api",
    subject: `${options.endpoint} over ${options.protocol}`,
    cases: apiContract(subject),
    guard: (look) =>
      look.ask(`the server at ${options.endpoint} did not list its workloads`, (signal) =>
        guardServer(subject, { ...options, signal }),
      ),
    words: wordsOf(options),
  };
  return runKit(kit, options, host);
}

async function subjectOf(options: ApiOptions, host: CommandHost): Promise<ApiSubject> {
  const { endpoint, protocol, idPrefix, http2 } = options;
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    throw new UsageError(`${endpoint} is no address such as http://127.0.0.1:50052`);
  }
  const [token, ca, cert, key, workloads] = await Promise.all([
    tokenOf(options, host),
    fileText("--ca", options.ca, host),
    fileText("--cert", options.cert, host),
    fileText("--key", options.key, host),
    workloadsOf(options, host),
  ]);
  return {
    endpoint,
    protocol,
    idPrefix,
    workloads,
    ...(http2 && { httpVersion: "2" }),
    ...(token !== undefined && { token }),
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    },
  };
}

async function tokenOf(
  { token, tokenFile }: ApiOptions,
  host: CommandHost,
): Promise<string | undefined> {
  const { PERSYS_TOKEN: tokenHere, PERSYS_TOKEN_FILE: fileHere } = host.env;
  const given = token ?? (tokenFile === undefined ? tokenHere : undefined);
  if (given !== undefined && given !== "") return given;
  return (await fileText("--token-file", tokenFile ?? fileHere, host))?.trim();
}

async function fileText(
  option: string,
  file: string | undefined,
  host: CommandHost,
): Promise<string | undefined> {
  if (file === undefined || file === "") return undefined;
  try {
    return await readFile(resolve(host.cwd, file), "utf8");
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the file of ${option} cannot be read: ${message}`, { cause: error });
  }
}

async function workloadsOf({ module }: ApiOptions, host: CommandHost): Promise<ApiWorkloads> {
  if (module === undefined) return processWorkloads;
  const workloads = await loadExport({ module, cwd: host.cwd, wanted });
  assertMembers(
    workloads,
    {
      runtime: "string",
      longRunning: "function",
      exitsWith: "function",
      invalid: "object",
      otherType: "object",
    },
    { what: `${wanted.name} of ${module}`, hints: exampleHints(wanted) },
  );
  return workloads as ApiWorkloads;
}

/**
 * Refuses a server that has workloads already: of others, unless that is wanted, and of an earlier run always.
 * @throws {UsageError} when it has, or cannot be asked.
 */
async function guardServer(
  subject: ApiSubject,
  options: Pick<ApiOptions, "idPrefix" | "besideOthers"> & { readonly signal: AbortSignal },
): Promise<void> {
  const { idPrefix, besideOthers, signal } = options;
  const ids = await idsOn(subject, signal);
  const ours = ids.filter((id) => id.startsWith(idPrefix));
  if (ours.length > 0) {
    throw new UsageError(
      `the server has workloads of the kit already: ${ours.slice(0, 5).join(", ")}`,
      {
        hints: ["delete them, or give other ids with --id-prefix"],
      },
    );
  }
  if (ids.length > 0 && besideOthers !== true) {
    throw new UsageError(`the server is not empty: it has ${ids.slice(0, 5).join(", ")}`, {
      hints: [
        `judge one that nobody uses, or say --beside-others: only workloads that begin with ${idPrefix} are touched`,
      ],
    });
  }
}

async function idsOn(subject: ApiSubject, signal: AbortSignal): Promise<readonly string[]> {
  const connection = connectTo({
    ...subject,
    httpVersion: subject.protocol === "grpc" ? "2" : (subject.httpVersion ?? "1.1"),
    workloads: subject.workloads ?? processWorkloads,
    idPrefix: subject.idPrefix ?? "",
    patienceMs: 10_000,
  });
  try {
    const { workloads } = await connection.client.listWorkloads({}, { signal });
    return workloads.map(({ id }) => id);
  } catch (error) {
    const { code, message, connection: errno } = explainError(error);
    const why = errno ?? `${code}${message === "" ? "" : `: ${message}`}`;
    throw new UsageError(`the server at ${subject.endpoint} did not list its workloads: ${why}`, {
      hints:
        errno === undefined
          ? ["--token-file, --ca, --cert and --key say who calls"]
          : ["is it up, and is --protocol what it speaks there?"],
      cause: error,
    });
  } finally {
    connection.close();
  }
}

/** The words that name the server again. A token on the command line is not repeated. */
function wordsOf(options: ApiOptions): readonly string[] {
  const { endpoint, protocol, http2, token, tokenFile, ca, cert, key, module, idPrefix } = options;
  const pairs = [
    ["--endpoint", endpoint],
    ["--protocol", protocol],
    ["--token", token === undefined ? undefined : "..."],
    ["--token-file", tokenFile],
    ["--ca", ca],
    ["--cert", cert],
    ["--key", key],
    ["--module", module],
    ["--id-prefix", idPrefix === "api-kit" ? undefined : idPrefix],
  ] as const;
  return [
    ...pairs.flatMap(([name, value]) => (value === undefined ? [] : [name, value])),
    ...(http2 ? ["--http2"] : []),
    ...(options.besideOthers ? ["--beside-others"] : []),
  ];
}
