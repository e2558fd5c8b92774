/**
 * Text that came from elsewhere (an agent, a file, a workload) made safe to print. A terminal obeys escape sequences: a message could rewrite
 * the screen, set the title or type into the shell. Every control character therefore appears as its escape (`\x1b`), and so do the marks
 * that reverse the direction of reading, which can make one text look like another.
 */

const control = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
const controlButNewline = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** One line: line ends become spaces, other control characters their escapes. */
export function safeLine(text: string): string {
  return text.replace(/\r\n|\r|\n|\t/g, " ").replace(control, escaped);
}

/** Several lines: line feeds stay, other control characters become their escapes. */
export function safeText(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(/\t/g, "    ").replace(controlButNewline, escaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
