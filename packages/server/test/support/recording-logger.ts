import type { Logger } from "@persys/core";

/** A logger that keeps what it was told, as `level: message`. */
export interface RecordingLogger extends Logger {
  readonly lines: readonly string[];
}

/** A new one. */
export function recordingLogger(): RecordingLogger {
  const lines: string[] = [];
  const log =
    (level: string) =>
    (message: string): void => {
      lines.push(`${level}: ${message}`);
    };
  return { lines, debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}
