import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, type ContextValues } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import type { Violation } from "@persys/core";
import { errorInfo } from "../mapping/error-status.ts";
import type { FieldViolation, RpcStatus } from "../mapping/rpc-status.ts";
import { invalidArgument } from "../mapping/violations.ts";
import { checkJson } from "../schema/check-json.ts";
import { connectErrorOf } from "./connect-error-of.ts";

/** A request in JSON that is no message of its method. */
interface BadJson {
  readonly json: unknown;
  readonly violations: readonly Violation[];
  /** What is known of the call, such as who makes it. */
  readonly values: ContextValues;
}

/** How the JSON of requests is checked. */
export interface StrictJsonOptions {
  readonly readMaxBytes: number;
  /** The compressions that requests may use. */
  readonly compressions: readonly Compression[];
  /** All that is wrong with a request of which it is known that something is, as clients are told. */
  readonly complete: (schema: DescMessage, bad: BadJson) => Promise<readonly FieldViolation[]>;
}

/** How the JSON of one call is checked. */
export interface CheckedCall extends StrictJsonOptions {
  readonly values: ContextValues;
}

/** What a request past the limit is answered. */
function tooLarge(readMaxBytes: number): RpcStatus {
  const limit = { read_max_bytes: String(readMaxBytes) };
  return {
    code: Code.ResourceExhausted,
    message: `the request is larger than the limit of ${readMaxBytes} bytes`,
    details: [errorInfo("SIZE_LIMIT", limit)],
  };
}

/**
 * The body of a unary request in JSON, passed on whole once it is known to be a message of the method: all that is wrong with it is said
 * at once, where the decoder would name the first thing. Throws INVALID_ARGUMENT, or RESOURCE_EXHAUSTED past the limit.
 */
export async function* strictJsonBody(
  body: AsyncIterable<Uint8Array>,
  method: DescMethod,
  { encoding, ...options }: CheckedCall & { readonly encoding: string | null },
): AsyncGenerator<Uint8Array> {
  const bytes = await readAll(body, options.readMaxBytes);
  const compression = options.compressions.find((one) => one.name === encoding);
  const plain =
    compression === undefined ? bytes : await compression.decompress(bytes, options.readMaxBytes);
  // An unknown compression is refused by the library before anything is read.
  await checkText(method, plain, options);
  yield bytes;
}

/** Checks the JSON in the URL of a GET. Throws as {@link strictJsonBody} does. */
export async function checkQuery(
  method: DescMethod,
  query: URLSearchParams,
  options: CheckedCall,
): Promise<void> {
  const { readMaxBytes, compressions } = options;
  const message = query.get("message") ?? "";
  const sent =
    query.get("base64") === "1" ? base64Decode(message) : new TextEncoder().encode(message);
  const compression = compressions.find((one) => one.name === query.get("compression"));
  const plain = compression === undefined ? sent : await compression.decompress(sent, readMaxBytes);
  await checkText(method, plain, options);
}

async function checkText(
  { input }: DescMethod,
  bytes: Uint8Array,
  { complete, values }: CheckedCall,
): Promise<void> {
  const json = parsed(new TextDecoder().decode(bytes));
  const violations = checkJson(input, json);
  if (violations.length === 0) return;
  const status = invalidArgument("request", await complete(input, { json, violations, values }));
  const details = [...status.details, errorInfo("INVALID_REQUEST")];
  throw connectErrorOf({ ...status, details });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConnectError(
      `the request is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      Code.InvalidArgument,
      undefined,
      undefined,
      error,
    );
  }
}

async function readAll(body: AsyncIterable<Uint8Array>, readMaxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > readMaxBytes) throw connectErrorOf(tooLarge(readMaxBytes));
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
