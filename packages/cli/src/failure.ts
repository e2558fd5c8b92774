import type { ExplainedError } from "@persys/client";
import { CliError } from "./cli-error.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import type { Connection } from "./settings/connection.ts";
import { isAlive } from "./settings/dev-agent.ts";
import { tlsFailure } from "./tls-failure.ts";
import { humanDuration } from "./text/duration.ts";

/** The exit code for an answer of the agent, by the code of the contract. Codes that are not named: {@link exitCodes.failure}. */
const exitCodeOf: Readonly<Record<string, ExitCode>> = {
  canceled: exitCodes.interrupted,
  deadline_exceeded: exitCodes.unreachable,
  invalid_argument: exitCodes.usage,
  not_found: exitCodes.notFound,
  permission_denied: exitCodes.denied,
  unauthenticated: exitCodes.denied,
};

/** What servers of something else answer. */
const codesOfOthers: ReadonlySet<string> = new Set([
  "internal",
  "permission_denied",
  "unimplemented",
  "unknown",
]);

const connectionWords: Readonly<Record<string, string>> = {
  EAI_AGAIN: "its name cannot be looked up now",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was cut off",
  EHOSTUNREACH: "no way to that host",
  ENETUNREACH: "no way to that network",
  ENOTFOUND: "no such host",
  EPIPE: "the connection was cut off",
  ETIMEDOUT: "no answer",
};

/** The error of a call to the agent as the user is told about it. */
export function callFailure(explained: ExplainedError, connection: Connection): CliError {
  if (explained.connection !== undefined) return unreachable(explained.connection, connection);
  const { code, message, violations } = explained;
  const problems = violations.map(({ field, description }) =>
    field === "" ? description : `${field}: ${description}`,
  );
  return new CliError(exitCodeOf[code] ?? exitCodes.failure, sentence(explained, connection), {
    code,
    // The agent's sentence for a single violation holds all of it.
    problems: problems.length === 1 && message.includes(problems[0] ?? "") ? [] : problems,
    hints: hintsFor(explained, connection),
    cause: message,
  });
}

function unreachable(errno: string, connection: Connection): CliError {
  const { endpoint, source, dev } = connection;
  const tls = tlsFailure(errno, connection);
  const why = tls?.why ?? connectionWords[errno] ?? errno;
  const stale =
    dev?.pid !== undefined && !isAlive(dev.pid)
      ? [`${dev.dir} is what an agent left that has ended (process ${dev.pid})`]
      : [];
  const { exitCode = exitCodes.unreachable } = tls ?? {};
  return new CliError(exitCode, `cannot reach the agent at ${endpoint}: ${why}`, {
    code: "unavailable",
    hints: [
      ...(tls?.hints ?? []),
      ...stale,
      `the address comes from ${source}`,
      ...(tls === undefined
        ? ["start an agent with `npm start`, or name another with --endpoint"]
        : []),
    ],
  });
}

function sentence({ code, message }: ExplainedError, connection: Connection): string {
  if (code === "deadline_exceeded")
    return `the agent at ${connection.endpoint} did not answer in time`;
  if (message === "") return `the agent answered ${code}`;
  return message;
}

function hintsFor(explained: ExplainedError, connection: Connection): readonly string[] {
  const { code, reason, retryAfterMs } = explained;
  if (retryAfterMs !== undefined) {
    return [`try again in ${humanDuration(Math.max(1000, retryAfterMs))}`];
  }
  if (code === "unauthenticated") return [signInHint(connection)];
  if (code === "not_found") return ["`persysctl get` lists the workloads there are"];
  if (reason === "REVISION_CONFLICT") {
    return ["give the changed spec a new revision, or leave the revision out"];
  }
  if (reason === "TYPE_MISMATCH") return ["delete the workload first, or use another id"];
  // The agent's own answers name a reason: what names none may come from something else.
  if (reason === "" && codesOfOthers.has(code)) {
    const { endpoint } = connection;
    return [
      `something else than this agent's API may answer at ${endpoint}, such as its gRPC port`,
    ];
  }
  return [];
}

function signInHint({ token, certificate, endpoint }: Connection): string {
  if (token !== undefined) return `the token sent to ${endpoint} is not one of this agent's`;
  if (certificate !== undefined) return `the certificate shown was that in ${certificate.file}`;
  const other = endpoint.startsWith("https:") ? ", or a certificate with --cert and --key" : "";
  return `no token was sent: give one with --token-file, PERSYS_TOKEN_FILE or a context${other}`;
}
