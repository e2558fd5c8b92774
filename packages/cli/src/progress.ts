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

/** How often the line on a terminal is drawn anew: its seconds count, and it turns. */
const drawMs = 120;

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;

/** On a terminal one line that changes in place; elsewhere a line for each change of a text. */
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
  let speaking = false;
  const speak = (id: string, text: string): void => {
    if (!speaking || written.get(id) === text) return;
    written.set(id, text);
    void out.note(`${id}: ${text}`);
  };
  const timer = setTimeout(() => {
    speaking = true;
    for (const [id, text] of latest) speak(id, text);
  }, silentMs);
  return {
    show: (id, text) => {
      latest.set(id, text);
      speak(id, text);
    },
    drop: (id) => void latest.delete(id),
    end: () => clearTimeout(timer),
  };
}
