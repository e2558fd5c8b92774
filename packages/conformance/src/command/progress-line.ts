import type { RunProgress } from "../runner/run-cases.ts";
import { printableText } from "../runner/printable-text.ts";
import type { OutputStream } from "./command-host.ts";

/** What ends sooner is not worth a word, in milliseconds. */
const silentMs = 1_000;

/** How often the line is drawn anew, in milliseconds: its seconds count. */
const drawMs = 200;

/** A line on a terminal that changes in place and tells which case runs. Nothing appears within the first second. */
export class ProgressLine {
  readonly #stream: OutputStream;
  readonly #beganMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #running = new Map<string, string>();
  #head = "";
  #isShown = false;

  constructor(stream: OutputStream) {
    this.#stream = stream;
    this.#timer = setInterval(() => this.#draw(), drawMs);
  }

  show(progress: RunProgress, prefix: string): void {
    const { contractCase, done, total, kind } = progress;
    if (kind === "begins") this.#running.set(contractCase.id, contractCase.title);
    else this.#running.delete(contractCase.id);
    this.#head = `${prefix}${done}/${total}`;
  }

  /** Takes the line off the terminal, before something else is written. It comes back. */
  clear(): void {
    if (this.#isShown) this.#stream.write("\r\u001b[K");
    this.#isShown = false;
  }

  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    const elapsedMs = performance.now() - this.#beganMs;
    const [running] = this.#running.values();
    if (elapsedMs < silentMs || running === undefined) return;
    const time = `  ${Math.floor(elapsedMs / 1000)}s`;
    const columns = Math.max(20, (this.#stream.columns || 80) - time.length - 1);
    const text = printableText(`${this.#head}  ${running}`).slice(0, columns);
    this.#stream.write(`\r\u001b[K${text}${time}`);
    this.#isShown = true;
  }
}
