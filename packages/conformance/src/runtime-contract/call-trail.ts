/** So many calls of a case are remembered: enough for the longest sequence, and no more than anybody reads. */
const linesMax = 200;

/** What was done with a runtime, in order, a call a line. */
export class CallTrail {
  readonly #lines: string[] = [];
  #lost = 0;

  /** Notes a line, and returns the means to add to it how it ended. */
  note(line: string): (ending: string) => void {
    const at = this.#lines.push(line) + this.#lost - 1;
    if (this.#lines.length > linesMax) {
      this.#lines.shift();
      this.#lost += 1;
    }
    return (ending) => {
      const index = at - this.#lost;
      if (this.#lines[index] !== undefined) this.#lines[index] = `${line} ${ending}`;
    };
  }

  get lines(): readonly string[] {
    const lost = this.#lost === 0 ? [] : [`(${this.#lost} earlier calls)`];
    return [...lost, ...this.#lines];
  }
}
