import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

/** Lines that are kept: the last ones tell how it came to a failure. */
const linesMax = 60;

/** Longest part of a line that shows a message, in characters. */
const messageMax = 240;

/** Longest text inside a message that is looked at whole, in characters. */
const textMax = 100_000;

/** What was called and what came of it, a call a line. */
export class CallLog {
  readonly #lines: { text: string; times: number }[] = [];

  /** Notes every call that it is run around. */
  readonly intercept: Interceptor = (next) => async (request) => {
    const call = request.stream
      ? request.method.name
      : `${request.method.name} ${brief(request.message)}`;
    try {
      const response = await next(request);
      this.#add(response.stream ? `${call} -> a stream` : `${call} -> ${brief(response.message)}`);
      return response;
    } catch (error) {
      this.#add(`${call} -> ${codeName(error)}`);
      throw error;
    }
  };

  /** The lines so far, in order of the answers. */
  get lines(): readonly string[] {
    return this.#lines.map(({ text, times }) => (times === 1 ? text : `${text} (${times} times)`));
  }

  #add(text: string): void {
    const last = this.#lines.at(-1);
    if (last?.text === text) {
      last.times += 1;
      return;
    }
    this.#lines.push({ text, times: 1 });
    if (this.#lines.length > linesMax) this.#lines.shift();
  }
}

/** `NotFound` for an error of a call. */
function codeName(error: unknown): string {
  return Code[ConnectError.from(error).code];
}

/** A message on one line, without what has its default. */
function brief(message: unknown): string {
  const text = textOf(message);
  return text.length <= messageMax ? text : `${text.slice(0, messageMax)}…`;
}

/** A message as text, without what has its default. */
export function textOf(message: unknown): string {
  return JSON.stringify(plain(message)) ?? "";
}

/** Data without the members that say nothing, whole numbers of 64 bits as numbers and bytes as text. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string" && value.length > textMax) return `${value.slice(0, textMax)}…`;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value)
    .filter(([name]) => !name.startsWith("$"))
    .map(([name, one]) => [name, plain(one)] as const)
    .filter(([, one]) => saysSomething(one));
  return Object.fromEntries(members);
}

function saysSomething(value: unknown): boolean {
  if (value === undefined || value === "" || value === 0 || value === false) return false;
  return typeof value !== "object" || value === null || Object.keys(value).length > 0;
}
