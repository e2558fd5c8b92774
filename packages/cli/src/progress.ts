import type { Host } from "./host.ts";
import type { Output } from "./output.ts";
import { humanDuration } from "./text/duration.ts";
import { fitWidth } from "./text/display-width.ts";
import { safeLine } from "./text/safe-text.ts";

/** Shows on stderr that something long goes on. Nothing appears within the first second, nor with --quiet. */
export interface Progress {
  /** What is known of one of the things waited for. Calling it often is fine. */
  show(id: string, text: string): void;
  /** One of them is done with. */
  drop(id: string): void;
  /** Takes the progress off the terminal. May be called again. */
  end(): void;
}

/** What ends sooner is not worth a word. */
const silentMs = 1000;

/** What is over sooner gets no line of its own: a try that fails at once leaves things as they were. */
const stableMs = 300;

/** How often there is a line for numbers alone: a pull has other ones every second, and the log of a build keeps every line. */
const restMs = 5000;

/** How often the line on a terminal is drawn anew: its seconds count, and it turns. */
const drawMs = 120;

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;

/** On a terminal one line that changes in place; elsewhere a line for each change of a text, for other numbers only now and then. */
export function createProgress(host: Host, out: Output): Progress {
  if (out.flags.quiet || out.flags.json) return { show: nothing, drop: nothing, end: nothing };
  return host.stderr.isTTY === true ? terminalProgress(host, out) : lineProgress(host, out);
}

function nothing(): void {
  // A wait that nobody wants to watch.
}

function terminalProgress(host: Host, out: Output): Progress {
  const startMs = host.now();
  const shown = new Map<string, string>();
  let frame = 0;
  const draw = (): void => {
    const elapsedMs = host.now() - startMs;
    const [first] = shown;
    if (elapsedMs < silentMs || first === undefined) return;
    frame = (frame + 1) % frames.length;
    const others = shown.size > 1 ? ` (and ${shown.size - 1} more)` : "";
    const text = `${frames[frame] ?? ""} ${first[0]}: ${first[1]}${others}`;
    const time = ` ${humanDuration(elapsedMs)}`;
    const columns = Math.max(20, (host.stderr.columns || 80) - time.length - 1);
    host.stderr.write(`\r\u001b[K${fitWidth(text, columns)}${out.errorPalette.faint(time)}`);
  };
  const timer = setInterval(draw, drawMs);
  return {
    show: (id, text) => void shown.set(id, safeLine(text)),
    drop: (id) => void shown.delete(id),
    end: () => {
      clearInterval(timer);
      if (frame > 0) host.stderr.write("\r\u001b[K");
      frame = 0;
    },
  };
}

/** What one of the things waited for has to say, where every line stays. */
interface Said {
  /** Known now. */
  latest: string;
  /** Written last; empty before the first line. */
  written: string;
  writtenAtMs: number;
  timer?: NodeJS.Timeout;
}

function lineProgress(host: Host, out: Output): Progress {
  const beganMs = host.now();
  const known = new Map<string, Said>();
  const speak = (id: string, said: Said): void => {
    delete said.timer;
    if (said.latest === said.written) return;
    said.written = said.latest;
    said.writtenAtMs = host.now();
    void out.note(`${id}: ${said.latest}`);
  };
  const dueMs = ({ latest, written, writtenAtMs }: Said): number => {
    const onlyNumbers = withoutNumbers(latest) === withoutNumbers(written);
    const restsUntilMs = onlyNumbers ? writtenAtMs + restMs : 0;
    return Math.max(beganMs + silentMs, host.now() + stableMs, restsUntilMs);
  };
  return {
    show: (id, text) => {
      const said = known.get(id) ?? { latest: "", written: "", writtenAtMs: 0 };
      known.set(id, said);
      const wasOther = withoutNumbers(text) !== withoutNumbers(said.latest);
      said.latest = text;
      if (said.timer !== undefined && !wasOther) return;
      clearTimeout(said.timer);
      said.timer = setTimeout(() => speak(id, said), dueMs(said) - host.now());
    },
    drop: (id) => {
      clearTimeout(known.get(id)?.timer);
      known.delete(id);
    },
    end: () => {
      for (const { timer } of known.values()) clearTimeout(timer);
    },
  };
}

function withoutNumbers(text: string): string {
  return text.replace(/\d+/g, "");
}
