import { once } from "node:events";
import { styleText } from "node:util";
import type { Host, OutputStream } from "./host.ts";
import { safeLine } from "./text/safe-text.ts";

/** What the global options say about output. */
export interface OutputFlags {
  readonly color: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** A way to colour a text. */
export type Paint = (text: string) => string;

/** Colours by what they say; each leaves its text alone where colours are off. */
export interface Palette {
  readonly title: Paint;
  readonly good: Paint;
  readonly busy: Paint;
  readonly bad: Paint;
  readonly faint: Paint;
}

/** Where a command writes: its results to stdout, everything about the way there to stderr. */
export interface Output {
  readonly flags: OutputFlags;
  readonly palette: Palette;
  /** Of stderr. */
  readonly errorPalette: Palette;
  /** Columns of the terminal on stdout; undefined where it is none. */
  readonly columns: number | undefined;
  /** A line of the result. The caller has made foreign text in it safe. */
  line(text?: string): Promise<void>;
  /** Bytes or text of the result as they are. */
  raw(data: Uint8Array | string, to?: "stdout" | "stderr"): Promise<void>;
  /** The result as JSON: indented, or on one line for a stream of them. */
  json(value: unknown, layout?: "indented" | "line"): Promise<void>;
  /** A remark on stderr; none with --quiet. Control characters are made harmless. */
  note(text: string): Promise<void>;
}

/** Output to the streams of `host`. */
export function createOutput(host: Host, flags: OutputFlags): Output {
  const { stdout, stderr } = host;
  return {
    flags,
    palette: paletteFor(stdout, host.env, flags),
    errorPalette: paletteFor(stderr, host.env, flags),
    columns: (stdout.isTTY === true && stdout.columns) || undefined,
    line: (text = ""): Promise<void> => write(stdout, `${text}\n`),
    raw: (data, to = "stdout"): Promise<void> => write(to === "stdout" ? stdout : stderr, data),
    json: (value, layout = "indented"): Promise<void> =>
      write(stdout, `${JSON.stringify(value, undefined, layout === "indented" ? 2 : 0)}\n`),
    note: (text): Promise<void> =>
      flags.quiet ? Promise.resolve() : write(stderr, `${safeLine(text)}\n`),
  };
}

/** Resolves once the stream takes more: a slow reader slows the command instead of filling its memory. */
async function write(stream: OutputStream, data: Uint8Array | string): Promise<void> {
  if (stream.destroyed || stream.write(data)) return;
  const settled = new AbortController();
  const { signal } = settled;
  try {
    await Promise.race([once(stream, "drain", { signal }), once(stream, "close", { signal })]);
  } finally {
    settled.abort();
  }
}

/**
 * Colours only on a terminal, and not where NO_COLOR (https://no-color.org), --no-color or a terminal without colours says otherwise.
 * FORCE_COLOR has them anywhere.
 */
function paletteFor(stream: OutputStream, env: Host["env"], flags: OutputFlags): Palette {
  const forced = (env["FORCE_COLOR"] ?? "0") !== "0" && env["FORCE_COLOR"] !== "";
  const wanted = forced || (stream.isTTY === true && env["TERM"] !== "dumb");
  const on = wanted && flags.color && !env["NO_COLOR"];
  const paint = (format: Parameters<typeof styleText>[0]): Paint =>
    on
      ? (text): string => styleText(format, text, { validateStream: false })
      : (text): string => text;
  return {
    title: paint("bold"),
    good: paint("green"),
    busy: paint("yellow"),
    bad: paint("red"),
    faint: paint("dim"),
  };
}
