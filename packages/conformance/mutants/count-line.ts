/** What ends sooner is not worth a word, in milliseconds. */
const silentMs = 1_000;
const drawMs = 200;

/** Tells on a terminal how far a long run is: a line that changes in place, and leaves none behind. */
export class CountLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #beganMs = performance.now();
  #drawnMs = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(text: string): void {
    const nowMs = performance.now();
    const isDue = nowMs - this.#beganMs > silentMs && nowMs - this.#drawnMs > drawMs;
    if (!this.#stream.isTTY || !isDue) return;
    this.#drawnMs = nowMs;
    this.#stream.write(`\r\u001b[K${text.slice(0, this.#stream.columns - 1)}`);
  }

  clear(): void {
    if (this.#drawnMs > 0) this.#stream.write("\r\u001b[K");
    this.#drawnMs = 0;
  }
}
