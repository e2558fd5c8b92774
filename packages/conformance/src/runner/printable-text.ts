const control = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * Text that came from a subject made safe to print and to write into XML: a terminal obeys escape sequences. Line feeds stay, tabs become
 * spaces, other control characters and marks that reverse the direction of reading their escapes.
 */
export function printableText(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll("\t", "    ")
    .replace(control, (character) => {
      const code = character.charCodeAt(0);
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, "0")}`
        : `\\u${code.toString(16).padStart(4, "0")}`;
    });
}
