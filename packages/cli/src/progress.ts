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

/** How often there is a line for numbers alone: a pull has other ones every second, and the log of a build keeps every line. */
const restMs = 5000;

/** How often the line on a terminal is drawn anew: its seconds count, and it turns. */
const drawMs = 120;

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;

/** On a terminal one line that changes in place; elsewhere a line for each change of a text, for other numbers only now and then. */
export function createProgress(host: Host, out: Output): Progress {
  if (out.flags.quiet || out.flags.json) return { show: nothing, drop: nothing, end: nothing };
  return host.stderr.isTTY === true ? terminalProgress(host, out) : lineProgress(out);
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

function lineProgress(out: Output): Progress {
  const latest = new Map<string, string>();
  const written = new Map<string, string>();
  // Ids that have just had a line.
  const rests = new Map<string, NodeJS.Timeout>();
  let speaking = false;
  const rest = (id: string): void => {
    const over = (): void => {
      rests.delete(id);
      speak(id);
    };
    clearTimeout(rests.get(id));
    rests.set(id, setTimeout(over, restMs));
  };
  const speak = (id: string): void => {
    const text = latest.get(id) ?? "";
    const before = written.get(id) ?? "";
    const isOldNews = withoutNumbers(text) === withoutNumbers(before) && rests.has(id);
    if (!speaking || text === before || isOldNews) return;
    written.set(id, text);
    void out.note(`${id}: ${text}`);
    rest(id);
  };
  const timer = setTimeout(() => {
    speaking = true;
    for (const id of latest.keys()) speak(id);
  }, silentMs);
  const drop = (id: string): void => {
    latest.delete(id);
    clearTimeout(rests.get(id));
    rests.delete(id);
  };
  return {
    show: (id, text) => {
      latest.set(id, text);
      speak(id);
    },
    drop,
    end: () => {
      clearTimeout(timer);
      for (const id of rests.keys()) drop(id);
    },
  };
}

function withoutNumbers(text: string): string {
  return text.replace(/\d+/g, "");
}
