import { Code, ConnectError } from "@connectrpc/connect";
import { ActualState, DesiredState } from "@persys/client/contract";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { demand, same } from "./judge.ts";
import { type RawRequest, sendRaw } from "./raw-request.ts";

/** What holds for the Connect protocol and its JSON. Not judged over the others. */
export const connectRules: readonly ApiRule[] = [
  {
    id: "json-has-the-shapes-of-proto3",
    clause: "API-130",
    level: "MUST",
    title: "JSON has names in camelCase, enums by name and 64-bit numbers as text",
    check: ofConnect(async (stage) => {
      const id = await stage.applied("a", { revisionId: "r1" });
      await stage.reaches(id, ActualState.RUNNING);

      const { json } = await post(stage, "GetWorkloadStatus", { id });

      const status = memberOf(json, "status");
      same(memberOf(status, "id"), id, "it is about the workload");
      same(memberOf(status, "desiredState"), "DESIRED_STATE_RUNNING", "enums are names");
      same(memberOf(status, "actualState"), "ACTUAL_STATE_RUNNING", "enums are names");
      for (const name of ["generation", "createdAt", "updatedAt", "observedSequence"]) {
        const value = memberOf(status, name);
        demand(typeof value === "string" && /^\d+$/.test(value), `${name} is text`, status);
      }
    }),
  },
  {
    id: "json-takes-both-spellings",
    clause: "API-131",
    level: "MUST",
    title: "JSON is taken with names in camelCase and in snake_case, enums by name and by number",
    check: ofConnect(async (stage) => {
      const id = await stage.applied("a", { revisionId: "r1" });
      const states = [DesiredState.STOPPED, "DESIRED_STATE_STOPPED"];
      const bodies = [
        ...states.map((state) => ({ id, desiredState: state, revisionId: "r1" })),
        ...states.map((state) => ({ id, desired_state: state, revision_id: "r1" })),
      ];
      for (const body of bodies) {
        const { status, json } = await post(stage, "ApplyWorkload", body);
        same(status, 200, "it is taken");
        same(
          memberOf(memberOf(json, "status"), "desiredState"),
          "DESIRED_STATE_STOPPED",
          "as meant",
        );
      }
    }),
  },
  {
    id: "json-refuses-unknown-fields",
    clause: "API-132",
    level: "MUST",
    title: "unknown fields in JSON are invalid_argument, all of them named, and nothing is done",
    check: ofConnect(async (stage) => {
      const id = stage.id("a");
      const body = { id, colour: "red", spec: { nosuchkind: {} }, revision_idd: "r1" };

      const { status, json, fields } = await post(stage, "ApplyWorkload", body);

      same([status, memberOf(json, "code")], [400, "invalid_argument"], "it is refused");
      for (const name of ["colour", "revision_idd", "spec.nosuchkind"])
        demand(fields.includes(name), `${name} is named`, { fields, json });
      same(await stage.find(id), undefined, "nothing was made");
    }),
  },
  {
    id: "json-names-wrong-types",
    clause: "API-133",
    level: "MUST",
    title: "values of a wrong type in JSON are invalid_argument, all of them named",
    check: ofConnect(async (stage) => {
      const body = { id: 7, desiredState: "SOMETIMES", wait: "yes", expectedGeneration: "x" };
      const { status, json, fields } = await post(stage, "ApplyWorkload", body);
      same([status, memberOf(json, "code")], [400, "invalid_argument"], "it is refused");
      for (const name of ["id", "desired_state", "wait", "expected_generation"])
        demand(fields.includes(name), `${name} is named`, { fields, json });
    }),
  },
  {
    id: "what-is-no-json",
    clause: "API-134",
    level: "MUST",
    title: "a body that is no JSON is 400 invalid_argument, and an unknown content type 415",
    check: ofConnect(async (stage) => {
      for (const body of ["{", "", "null", "[]", '"x"', "\u0000"]) {
        const { status, json } = await post(stage, "GetWorkloadStatus", body);
        same([status, memberOf(json, "code")], [400, "invalid_argument"], "it is refused");
      }
      const headers = { "content-type": "text/plain" };
      const { status } = await send(stage, { method: "HealthCheck", headers, body: "{}" });
      same(status, 415, "the content type is unknown");
    }),
  },
  {
    id: "http-status-of-errors",
    clause: "API-135",
    level: "MUST",
    title: "errors have the HTTP status that Connect gives their code",
    check: ofConnect(async (stage) => {
      const id = await stage.applied("a");
      const nobody = stage.id("nobody");
      const conflict = { id, desiredState: DesiredState.STOPPED, expectedGeneration: "99" };
      const large = JSON.stringify({ pageToken: "x".repeat(5 * 1024 * 1024) });
      const cases = [
        [404, "not_found", () => post(stage, "GetWorkloadStatus", { id: nobody })],
        [400, "invalid_argument", () => post(stage, "DeleteWorkload", { id: ".." })],
        [409, "aborted", () => post(stage, "ApplyWorkload", conflict)],
        [429, "resource_exhausted", () => post(stage, "ListWorkloads", large)],
      ] as const;
      for (const [status, code, answer] of cases) {
        const { status: seen, json } = await answer();
        same([seen, memberOf(json, "code")], [status, code], `${code} is ${status}`);
      }
      if (stage.subject.token === undefined) return;
      const { status, json } = await send(stage, { ...jsonRequest("HealthCheck", {}), token: "" });
      same([status, memberOf(json, "code")], [401, "unauthenticated"], "unauthenticated is 401");
    }),
  },
  {
    id: "error-bodies",
    clause: "API-136",
    level: "MUST",
    title: "the body of an error has code, message and details, each with its type and bytes",
    check: ofConnect(async (stage) => {
      const { json } = await post(stage, "GetWorkloadStatus", { id: stage.id("nobody") });
      const message = memberOf(json, "message");
      demand(typeof message === "string" && message.includes("not found"), "a message", json);
      const details = memberOf(json, "details");
      demand(Array.isArray(details) && details.length >= 2, "details", json);
      const types = details.map((one) => memberOf(one, "type"));
      for (const type of ["google.rpc.ErrorInfo", "google.rpc.ResourceInfo"])
        demand(types.includes(type), `${type} is among them`, types);
      for (const one of details) {
        const value = memberOf(one, "value");
        const isBase64 = typeof value === "string" && /^[A-Za-z0-9+/]+$/.test(value);
        demand(isBase64, "bytes in base64 without padding", one);
      }
    }),
  },
  {
    id: "reads-by-get",
    clause: "API-137",
    level: "MAY",
    title: "reads are answered by GET, and writes are not",
    check: ofConnect(async (stage) => {
      const id = await stage.applied("a");
      const getting = stage.connect({ httpGet: true });
      try {
        same((await getting.getWorkloadStatus({ id })).status?.id, id, "a status is read by GET");
      } catch (error) {
        // The library tells of an HTTP status without a body of Connect by a code of its own.
        if (!(error instanceof ConnectError) || error.code === Code.NotFound) throw error;
        return stage.unjudged("the server does not offer Connect GET");
      }
      const message = encodeURIComponent(JSON.stringify({ id }));
      const query = `?connect=v1&encoding=json&message=${message}`;
      const { status } = await send(stage, { method: "DeleteWorkload", verb: "GET", query });
      same(status, 405, "a delete is not done by GET");
      demand((await stage.find(id)) !== undefined, "it is still there");
    }),
  },
  {
    id: "no-such-method",
    clause: "API-138",
    level: "MUST",
    title: "a method that does not exist is 404",
    check: ofConnect(async (stage) => {
      const { status } = await post(stage, "NoSuchMethod", {});
      same(status, 404, "it is not there");
    }),
  },
  {
    id: "a-life-in-json",
    clause: "API-139",
    level: "MUST",
    title: "a workload is applied, read, listed and deleted in JSON as in the binary form",
    check: ofConnect(async (stage) => {
      const client = stage.connect({ json: true });
      const id = stage.id("a");
      const spec = stage.workloads.longRunning(1, { tier: "json" });
      demand((await client.applyWorkload({ id, spec, revisionId: "r1" })).applied, "it is applied");
      const again = await stage.apply(id, { spec, revisionId: "r1" });
      demand(again.skipped, "in the binary form it is the same", again);
      const status = await stage.reaches(id, ActualState.RUNNING);
      const inJson = await client.getWorkloadStatus({ id });
      same(inJson.status?.uid, status.uid, "it is read");
      const { workloads } = await client.listWorkloads({});
      demand(
        workloads.some((one) => one.id === id),
        "it is listed",
      );
      demand((await client.deleteWorkload({ id })).existed, "it is deleted");
    }),
  },
  {
    id: "deadline-of-the-server",
    clause: "API-140",
    level: "MUST",
    needs: "WatchWorkloads",
    title: "the server itself ends a stream at the deadline that its header names",
    check: ofConnect(async (stage) => {
      const headers = { "content-type": "application/connect+json", "connect-timeout-ms": "700" };
      const body = Buffer.concat([Buffer.from([0, 0, 0, 0, 2]), Buffer.from("{}")]);
      const { status, body: answer } = await sendRaw(stage.subject, {
        method: "WatchWorkloads",
        headers,
        body,
      });
      same(status, 200, "a stream is answered with 200");
      const text = answer.toString("latin1");
      demand(text.includes("deadline_exceeded"), "its end says why", text.slice(-200));
    }),
  },
];

/** A check that is made over Connect alone. */
function ofConnect(check: (stage: ApiStage) => Promise<void>): ApiRule["check"] {
  return async (stage) => {
    const { protocol } = stage.subject;
    if (protocol !== "connect") return stage.unjudged(`it is about Connect, not ${protocol}`);
    await check(stage);
  };
}

interface JsonAnswer {
  readonly status: number;
  readonly json: unknown;
  /** What the debug form of BadRequest names, or what the message does. */
  readonly fields: readonly string[];
}

function post(stage: ApiStage, method: string, body: unknown): Promise<JsonAnswer> {
  return send(stage, jsonRequest(method, body));
}

function jsonRequest(method: string, body: unknown): RawRequest {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { method, headers: { "content-type": "application/json" }, body: text };
}

async function send(stage: ApiStage, request: RawRequest): Promise<JsonAnswer> {
  const { status, body } = await sendRaw(stage.subject, request);
  const json = parsed(body.toString());
  return { status, json, fields: fieldsNamed(json) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not every answer is JSON; what is wanted of it then is not there.
    return undefined;
  }
}

/** The places that an error in JSON names. The bytes of a detail hold its texts as they are. */
function fieldsNamed(json: unknown): readonly string[] {
  const details = memberOf(json, "details");
  if (!Array.isArray(details)) return [];
  return details
    .filter((one) => memberOf(one, "type") === "google.rpc.BadRequest")
    .flatMap((one) => textsIn(Buffer.from(String(memberOf(one, "value")), "base64")));
}

/** The first text of each violation of an encoded BadRequest, which is its field: messages of fields 1, each with a text 1 first. */
function textsIn(bytes: Buffer): readonly string[] {
  const texts: string[] = [];
  let at = 0;
  while (bytes[at] === 0x0a) {
    const [length, begin] = varint(bytes, at + 1);
    if (bytes[begin] === 0x0a) {
      const [textLength, textBegin] = varint(bytes, begin + 1);
      texts.push(bytes.toString("utf8", textBegin, textBegin + textLength));
    }
    at = begin + length;
  }
  return texts;
}

/** A number in base 128, and where it ends. */
function varint(bytes: Buffer, from: number): readonly [number, number] {
  let value = 0;
  let at = from;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at] ?? 0;
    at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}
