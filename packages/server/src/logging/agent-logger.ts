import { trace } from "@opentelemetry/api";
import { AgentError, type LogFields, type Logger } from "@persys/core";
import { type Logger as Pino, pino } from "pino";
import type { LogFormat, LogLevel } from "../config/config.ts";

/** A logger whose level can change while it is used. */
export interface AgentLogger extends Logger {
  setLevel(level: LogLevel): void;
  /** Writes out what is buffered; before the process ends. */
  flush(): void;
}

/** Where and how log lines go. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Goes with every line. */
  readonly nodeId: string;
  readonly stream: LogStream;
}

/** What a logger writes to: `process.stderr`, or a test's own. */
export interface LogStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Logs that go to `stream`: a JSON object on each line, or lines for people. */
export async function createLogger(options: LogOptions): Promise<AgentLogger> {
  const { level, format, nodeId, stream } = options;
  const forPeople = format === "pretty" || (format === "auto" && stream.isTTY === true);
  const destination = forPeople ? await prettyStream(stream) : stream;
  return wrap(
    pino(
      {
        level,
        base: forPeople ? {} : { node_id: nodeId },
        mixin: traceFields,
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { error: serializedError, cause: serializedError },
      },
      destination,
    ),
  );
}

/** The trace that a line belongs to, by the names that OpenTelemetry has for them in logs of other formats. */
function traceFields(): LogFields {
  const span = trace.getActiveSpan();
  // One that is over goes on in the context of what it began, such as timers.
  if (span?.isRecording() !== true) return {};
  const { traceId, spanId } = span.spanContext();
  return { trace_id: traceId, span_id: spanId };
}

/** An error with its stack and its causes; one that a request has to put right in one line: no stack of ours explains it. */
function serializedError(error: unknown): unknown {
  if (AgentError.is(error) && error.fault === "user") {
    const { code, message, details } = error;
    return { code, message, details };
  }
  return error instanceof Error ? pino.stdSerializers.errWithCause(error) : error;
}

/** Loaded only for people: it takes longer to import than all the rest of logging. */
async function prettyStream(stream: LogStream): Promise<LogStream> {
  const { prettyFactory } = await import("pino-pretty");
  const format = prettyFactory({
    colorize: stream.isTTY === true,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
    ignore: "pid,hostname,node_id",
  });
  return { write: (line) => stream.write(format(line) ?? line) };
}

function wrap(logger: Pino): AgentLogger {
  const log =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      logger[level](fields, message);
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    setLevel: (level) => {
      logger.level = level;
    },
    flush: () => logger.flush(),
  };
}
