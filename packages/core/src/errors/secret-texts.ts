import { textsIn } from "./texts-in.ts";

/** What stands in the place of a secret, as in a redacted spec. */
const redacted = "<redacted>";

/** Shorter values are everyday words, numbers and ports: taking them out would leave nothing to read. */
const secretCharsMin = 6;

/**
 * The texts that must not be said, out of a spec's secret values. What is known anyway, such as a path that the spec also names in the clear, is
 * no secret; neither is what has fewer than six characters. Whether something is known is only looked at once it was said: a spec may have
 * thousands of values and a megabyte that is known, and what is said is short.
 */
export class SecretTexts {
  readonly #candidates: readonly string[];
  readonly #known: () => string;
  #knownText: string | undefined;
  readonly #isSecret: Map<string, boolean> = new Map();

  /** `known` is asked at most once, and only when something is said that may be secret. */
  constructor(values: readonly unknown[], known: () => string = () => "") {
    const texts = new Set<string>();
    for (const value of values.flatMap((it) => textsIn(it))) {
      for (const text of [value, JSON.stringify(value).slice(1, -1)])
        if (text.length >= secretCharsMin) texts.add(text);
    }
    this.#candidates = [...texts].toSorted((a, b) => b.length - a.length);
    this.#known = known;
  }

  /** Whether `text` says any of them. */
  isSaidBy(text: string): boolean {
    return this.#candidates.some((it) => text.includes(it) && this.#isSecretText(it));
  }

  /** `text` with `<redacted>` in the place of every secret, the longest first. */
  cleaned(text: string): string {
    return this.#candidates.reduce(
      (said, it) =>
        said.includes(it) && this.#isSecretText(it) ? said.replaceAll(it, redacted) : said,
      text,
    );
  }

  #isSecretText(text: string): boolean {
    let isSecret = this.#isSecret.get(text);
    if (isSecret === undefined) {
      this.#knownText ??= this.#known();
      isSecret = !this.#knownText.includes(text);
      this.#isSecret.set(text, isSecret);
    }
    return isSecret;
  }
}
