/** What came of reading one value. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  /** `rule` completes the sentence "NAME is 'seen', but …". */
  | { readonly ok: false; readonly rule: string };

/** One kind of value: how it is read, how it is written, what the documentation calls it. */
export interface OptionType<T> {
  /** For the documentation, such as `port, 0 to 65535`. */
  readonly name: string;
  /** Reads text (environment, flags) or what a YAML file holds. Never throws. */
  read(input: unknown): Read<T>;
  /** The value as a person would write it; `read` takes it back. */
  write(value: T): string;
}

const good = <T>(value: T): Read<T> => ({ ok: true, value });
const bad = (rule: string): Read<never> => ({ ok: false, rule });

/** Text as it is, or a number or truth value of a YAML file as text; undefined for anything else. */
export function scalarText(input: unknown): string | undefined {
  if (typeof input === "string") return input.trim();
  if (typeof input === "number" || typeof input === "boolean") return String(input);
  return undefined;
}

/** A whole number from `min` to `max`, both included. */
export function wholeNumber(min: number, max: number, noun = "whole number"): OptionType<number> {
  const rule = `must be a ${noun} from ${min} to ${max}`;
  return {
    name: `${noun}, ${min} to ${max}`,
    read: (input) => {
      const text = scalarText(input);
      if (text === undefined || !/^\d{1,15}$/.test(text)) return bad(rule);
      const value = Number(text);
      return value < min || value > max ? bad(rule) : good(value);
    },
    write: String,
  };
}

/** A TCP port; 0 lets the system choose a free one. */
export const port: OptionType<number> = {
  ...wholeNumber(0, 65_535, "port"),
  read: (input) => {
    const read = wholeNumber(0, 65_535, "port").read(input);
    return read.ok ? read : bad(`${read.rule} (0: any free one)`);
  },
};

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

/** A truth value. */
export const truth: OptionType<boolean> = {
  name: "true or false",
  read: (input) => {
    const value = truths[scalarText(input)?.toLowerCase() ?? ""];
    return value === undefined ? bad("must be true or false") : good(value);
  },
  write: String,
};

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): OptionType<T> {
  return {
    name: words.join(" \\| "),
    read: (input) => {
      const text = scalarText(input)?.toLowerCase();
      const match = words.find((candidate) => candidate === text);
      return match === undefined ? bad(`must be one of ${words.join(", ")}`) : good(match);
    },
    write: (value) => value,
  };
}

/** Text of at least one and at most `lengthMax` characters, none of them white space. */
export function word(lengthMax: number): OptionType<string> {
  return {
    name: `text without white space, at most ${lengthMax} characters`,
    read: (input) => {
      const text = scalarText(input);
      return text === undefined || !/^\S+$/.test(text) || text.length > lengthMax
        ? bad(`must be 1 to ${lengthMax} characters without white space`)
        : good(text);
    },
    write: (value) => value,
  };
}

/** Like {@link word}, where empty text is a value too: it says "none". */
export function wordOrNone(lengthMax: number): OptionType<string> {
  const some = word(lengthMax);
  return { ...some, read: (input) => (scalarText(input) === "" ? good("") : some.read(input)) };
}

/**
 * A path from the root. Relative ones are refused: a service has no dependable working directory, and the same setting would name another
 * place each time it is started from elsewhere.
 */
export const absolutePath: OptionType<string> = {
  name: "absolute path",
  read: (input) => {
    const text = typeof input === "string" ? input.trim() : "";
    return text.startsWith("/") && !text.includes("\0")
      ? good(text)
      : bad("must be an absolute path, starting with /");
  },
  write: (value) => value,
};

/** Like {@link absolutePath}, or one of a few words that stand for something else. */
export function absolutePathOr(...words: readonly string[]): OptionType<string> {
  return {
    name: `absolute path, ${words.join(" or ")}`,
    read: (input) => {
      const text = scalarText(input)?.toLowerCase() ?? "";
      if (words.includes(text)) return good(text);
      const path = absolutePath.read(input);
      return path.ok ? path : bad(`${path.rule}, or ${words.join(" or ")}`);
    },
    write: (value) => value,
  };
}

/** A path, absolute or from the working directory. */
export const anyPath: OptionType<string> = {
  name: "path",
  read: (input) =>
    typeof input === "string" && input.trim() !== "" && !input.includes("\0")
      ? good(input.trim())
      : bad("must be a path"),
  write: (value) => value,
};
