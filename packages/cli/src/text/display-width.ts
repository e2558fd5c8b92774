const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Printable ASCII, which is nearly everything, is as wide as it is long. */
const ascii = /^[\u0020-\u007e]*$/;

/** Of no width: combining marks and format characters. */
const zeroWidth = /^[\p{Mark}\p{Cf}]+$/u;

/** Of two columns: emoji, and what Unicode's EastAsianWidth.txt lists as W or F. */
const wide =
  /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}])/u;

/** How many columns of a terminal `text` takes. It holds no control characters. */
export function displayWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += graphemeWidth(segment);
  return columns;
}

/** `text` when it fits into `columns`; else its beginning and an ellipsis, together at most so wide. */
export function fitWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let fitted = "";
  let used = 1;
  for (const { segment } of graphemes.segment(text)) {
    used += graphemeWidth(segment);
    if (used > columns) break;
    fitted += segment;
  }
  return `${fitted.trimEnd()}…`;
}

function graphemeWidth(grapheme: string): number {
  if (zeroWidth.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}
