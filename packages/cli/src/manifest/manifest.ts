import { type DescEnum, fromJson, type JsonObject } from "@bufbuild/protobuf";
import {
  type ApplyWorkloadRequest,
  ApplyWorkloadRequestSchema,
  checkJson,
  DesiredStateSchema,
  nearest,
  WorkloadTypeSchema,
} from "@persys/client/contract";
import type { FieldSegments } from "./field-segments.ts";
import type { Source } from "./read-sources.ts";
import { type Position, type Problem, readYaml, type YamlDocument } from "./yaml-document.ts";

/**
 * Workload files. A file holds one or more documents, YAML (several between lines of `---`) or JSON, and a document is an
 * ApplyWorkloadRequest of the contract, keys in snake_case or camelCase, with three things that are easier to write:
 *
 *     id: hello                    # required
 *     type: process                # container, compose, vm, process or custom besides WORKLOAD_TYPE_…; left out: from the key in spec
 *     revision: "1"                # besides revision_id; left out: derived from the spec
 *     desired_state: running       # running or stopped besides DESIRED_STATE_…; left out: running
 *     spec:                        # required: only `persysctl stop` and `start` change a workload without naming its spec
 *       process: { command: [/bin/sh, -c, "echo hello"] }
 *
 * `validate_only` and `wait` are the command line's to say and are refused in a file.
 */
export interface Manifest {
  readonly request: ApplyWorkloadRequest;
  /** Where a part of the document stands in its file, for what the agent finds wrong. */
  locate(path: FieldSegments): Position;
}

/** Every workload that the sources hold, or everything that is wrong with them. */
export type ParsedManifests =
  | { readonly ok: true; readonly manifests: readonly Manifest[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Parses workload files. All problems of all documents are found at once, in the order of the files. */
export function parseManifests(sources: readonly Source[]): ParsedManifests {
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  const places = new Map<string, Position>();
  for (const source of sources) {
    const { documents, problems: faults } = readYaml(source);
    problems.push(...faults);
    if (documents.length === 0 && faults.length === 0) {
      problems.push({ file: source.name, line: 1, column: 1, path: [], rule: "holds no workload" });
    }
    for (const document of documents) {
      const parsed = parseDocument(document);
      problems.push(...parsed.problems);
      if (parsed.manifest === undefined) continue;
      const { id } = parsed.manifest.request;
      const first = places.get(id);
      const here = document.locate(["id"]);
      if (first === undefined) places.set(id, here);
      else
        problems.push({
          ...here,
          path: ["id"],
          rule: `"${id}" is already the id of ${first.file}:${first.line}`,
        });
      manifests.push(parsed.manifest);
    }
  }
  if (problems.length === 0) return { ok: true, manifests };
  const order = sources.map(({ name }) => name);
  const inOrder = problems.toSorted(
    (one, other) =>
      order.indexOf(one.file) - order.indexOf(other.file) ||
      one.line - other.line ||
      one.column - other.column,
  );
  return { ok: false, problems: inOrder };
}

/** A wrong part of a document. */
interface Finding {
  readonly path: FieldSegments;
  readonly rule: string;
}

function parseDocument(document: YamlDocument): {
  readonly manifest?: Manifest;
  readonly problems: readonly Problem[];
} {
  const locate = (path: FieldSegments): Position => document.locate(inFile(path, document.content));
  const { json, findings } = toWireJson(document.content);
  const wrong = [
    ...findings,
    ...checkJson(ApplyWorkloadRequestSchema, json).map(({ path, rule, seen }) => ({
      path,
      rule: `${rule}${seen === undefined ? "" : `, not ${seen}`}${quoteHint(document, json, path)}`,
    })),
  ];
  const problems = wrong.map(({ path, rule }) => {
    const named = inFile(path, document.content);
    return { ...document.locate(named), path: named, rule };
  });
  if (problems.length > 0) return { problems };
  return { manifest: { request: fromJson(ApplyWorkloadRequestSchema, json), locate }, problems };
}

const aliases: Readonly<Record<string, string>> = { revision: "revision_id" };

const commandLineOnly: Readonly<Record<string, string>> = {
  validate_only: "--validate-only",
  validateOnly: "--validate-only",
  wait: "--wait",
};

/** The document in the form of the contract, and what is wrong with those parts that only files have or only files need. */
function toWireJson(content: unknown): {
  readonly json: JsonObject;
  readonly findings: readonly Finding[];
} {
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return { json: {}, findings: [{ path: [], rule: "must be a map with the keys id and spec" }] };
  }
  const findings: Finding[] = [];
  const json: JsonObject = {};
  for (const [key, value] of Object.entries(content as JsonObject)) {
    const flag = commandLineOnly[key];
    if (flag !== undefined) {
      findings.push({ path: [key], rule: `is not for files: use ${flag}` });
      continue;
    }
    const name = aliases[key] ?? key;
    if (Object.hasOwn(json, name)) {
      findings.push({ path: [key], rule: "is given twice: revision and revision_id are the same" });
    }
    const schema = shortNames[name];
    if (schema === undefined || typeof value !== "string") {
      json[name] = value;
      continue;
    }
    const wire = wireName(schema, value);
    const unknown = unknownName(schema, wire);
    if (unknown === undefined) json[name] = wire;
    else findings.push({ path: [key], rule: unknown });
  }
  for (const key of ["id", "spec"]) {
    if (json[key] === undefined || json[key] === null || json[key] === "") {
      findings.push({ path: [key], rule: "is required" });
    }
  }
  return { json, findings };
}

/** The enum of a field that files may fill with short names. */
const shortNames: Readonly<Record<string, DescEnum>> = {
  type: WorkloadTypeSchema,
  desired_state: DesiredStateSchema,
  desiredState: DesiredStateSchema,
};

/** A short name (`process`) as the contract has it (`WORKLOAD_TYPE_PROCESS`). Anything else comes back as it is. */
function wireName(schema: DescEnum, text: string): string {
  const short = text.toUpperCase();
  const found = schema.values.find(({ localName, name }) => localName === short || name === short);
  return found?.name ?? text;
}

function unknownName(schema: DescEnum, text: string): string | undefined {
  if (schema.values.some(({ name }) => name === text)) return undefined;
  const names = schema.values
    .filter(({ number }) => number !== 0)
    .map(({ localName }) => localName.toLowerCase());
  const meant = nearest(text, names);
  return meant === undefined
    ? `must be one of ${names.join(", ")}`
    : `"${text}" is unknown: did you mean ${meant}?`;
}

/** The path with the keys that the file uses. */
function inFile(path: FieldSegments, content: unknown): FieldSegments {
  const [first, ...rest] = path;
  const has = (key: string): boolean =>
    typeof content === "object" && content !== null && Object.hasOwn(content, key);
  if (first === "revision_id" && !has(first) && has("revision")) return ["revision", ...rest];
  return path;
}

/** What to do about `PORT: 8080` where text has to stand: the same value in quotes would be right. */
function quoteHint(document: YamlDocument, json: JsonObject, path: FieldSegments): string {
  const source = document.plainSource(inFile(path, document.content));
  if (source === undefined || source === "") return "";
  const quoted = structuredClone(json);
  const holder = path.slice(0, -1).reduce<unknown>(childAt, quoted);
  const last = path.at(-1);
  if (typeof holder !== "object" || holder === null || last === undefined) return "";
  Reflect.set(holder, last, source);
  const still = checkJson(ApplyWorkloadRequestSchema, quoted).some(
    (it) => JSON.stringify(it.path) === JSON.stringify(path),
  );
  return still ? "" : `: write "${source}"`;
}

function childAt(parent: unknown, segment: string | number): unknown {
  return typeof parent === "object" && parent !== null ? Reflect.get(parent, segment) : undefined;
}
