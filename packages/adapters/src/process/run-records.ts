import type { ProcessIdentity } from "./process-table.ts";

/** What was written before a program ran: which process it became, in which boot of the host. */
export interface RunRecord extends ProcessIdentity {
  readonly bootId: string;
}

/** What was written after a program ended. */
export interface ExitRecord {
  /** 128 + the signal's number after a death by signal. */
  readonly code: number;
  /** The signal's number; 0 when it ended by itself, or when that could not be told. */
  readonly signal: number;
  /** Whether the kernel killed any process of the run for want of memory. */
  readonly oomKilled: boolean;
  /** Whether the program could not even be executed; `code` is then the launcher's 126 or 127. */
  readonly notExecuted: boolean;
}

/** The words of a record, or undefined as long as it is incomplete: its last word is a full stop. */
function wordsOf(text: string): readonly string[] | undefined {
  const words = text.trimEnd().split(" ");
  return words.at(-1) === "." ? words : undefined;
}

/** The content of a `run.n` file; undefined when it is incomplete. */
export function parseRunRecord(text: string): RunRecord | undefined {
  const [pid, startTicks, bootId, ...rest] = wordsOf(text) ?? [];
  if (bootId === undefined || rest.length !== 1) return undefined;
  return { pid: Number(pid), startTicks: Number(startTicks), bootId };
}

/** The content of an `exit.n` file; undefined when it is incomplete. */
export function parseExitRecord(text: string): ExitRecord | undefined {
  const words = wordsOf(text);
  if (words?.length !== 5) return undefined;
  const [code = Number.NaN, signal, oomKills = 0, notExecuted] = words.map(Number);
  return {
    code,
    signal: signal ?? 0,
    oomKilled: oomKills > 0,
    notExecuted: notExecuted === 1,
  };
}
