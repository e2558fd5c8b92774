import { AgentError, type AgentErrorOptions, type ErrorCode } from "@persys/core";

/** What was attempted, and whether it may have had an effect should the connection be lost over it. */
export interface Attempt {
  /** For the message: `the state in <place> cannot be <doing>`. */
  readonly doing: string;
  readonly effect: "none" | "unknown";
  /** The server, without name and password. */
  readonly place: string;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly isRetryable: boolean;
  /** What the code says, for a person. */
  readonly words: string;
}

const unavailable = (words: string): Meaning => ({
  code: "STORE_UNAVAILABLE",
  isRetryable: true,
  words,
});
const refused = (words: string): Meaning => ({
  code: "STORE_UNAVAILABLE",
  isRetryable: false,
  words,
});

/**
 * The codes a server answers with when it has done nothing: the first word of an error in RESP, "an error prefix ... rather than part of the
 * protocol" that Redis keeps stable (redis.io, "Redis serialization protocol"; the list is that of server.c, createSharedObjects).
 */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ["OOM", { code: "STORE_FULL", isRetryable: true, words: "the server has no memory left" }],
  ["MISCONF", unavailable("the server cannot write to its disk")],
  ["READONLY", unavailable("the server is a replica")],
  ["NOREPLICAS", unavailable("the server has too few replicas to take writes")],
  ["LOADING", unavailable("the server is still reading its data")],
  ["BUSY", unavailable("the server is busy with a script")],
  ["MASTERDOWN", unavailable("the server is a replica without its primary")],
  ["CLUSTERDOWN", unavailable("the cluster does not serve this node's keys")],
  ["TRYAGAIN", unavailable("the cluster is moving this node's keys")],
  ["ASK", unavailable("the cluster is moving this node's keys")],
  ["MOVED", unavailable("the cluster has moved this node's keys")],
  ["NOSCRIPT", unavailable("the server has dropped its scripts")],
  ["NOAUTH", refused("the server wants a name and a password")],
  ["WRONGPASS", refused("the server does not take this name and password")],
  ["NOPERM", refused("the user lacks a right on the server")],
  ["WRONGTYPE", refused("something else lies under a key of this node")],
]);

/** Answers after which the server at the other end is not the one to talk to in this state: the connection is made anew. */
const endings: ReadonlySet<string> = new Set(["MOVED", "READONLY", "NOSCRIPT", "NOAUTH"]);

/**
 * A failure of a call of the server as an AgentError: by the code of its answer, or of the connection. An AgentError is passed on. An answer
 * whose code is not known is taken for one that may come from any point.
 */
export function storeError(error: unknown, attempt: Attempt): AgentError {
  if (AgentError.is(error)) return error;
  const { doing, place } = attempt;
  const reply = replyCodeOf(error);
  const meaning = reply === undefined ? undefined : meanings.get(reply);
  const code = reply ?? connectionCodeOf(error);
  const details = { server: place, ...(code === undefined ? {} : { code }) };
  const options: AgentErrorOptions = {
    effect: meaning === undefined ? attempt.effect : "none",
    retryable: meaning?.isRetryable ?? true,
    cause: error,
    details,
  };
  const why = meaning === undefined ? saidBy(error) : `${meaning.words} (${saidBy(error)})`;
  const message = `the state in ${place} cannot be ${doing}: ${why}`;
  return new AgentError(meaning?.code ?? "STORE_UNAVAILABLE", message, options);
}

/** The code of an answer of the server; undefined when it did not answer. */
export function replyCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== "ReplyError") return undefined;
  return /^[A-Z]+/.exec(error.message)?.[0] ?? "";
}

/** Whether the connection is of no use after this answer. */
export function endsConnection(error: unknown): boolean {
  const code = replyCodeOf(error);
  return code !== undefined && endings.has(code);
}

/** Where the keys are now, by the answer `MOVED slot host:port` (redis.io, "cluster specification"). An empty host is the one that was asked. */
export function movedTo(
  error: unknown,
): { readonly host: string; readonly port: number } | undefined {
  if (replyCodeOf(error) !== "MOVED") return undefined;
  const place = /^MOVED \d+ (?<host>\S*):(?<port>\d+)/.exec(saidBy(error))?.groups;
  if (place === undefined) return undefined;
  return { host: place["host"] ?? "", port: Number(place["port"]) };
}

/** What failed says, as far as it is an Error. */
export function saidBy(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function connectionCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
