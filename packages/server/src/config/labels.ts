import { type OptionType, type Read, scalarText } from "./option-type.ts";

/** Labels of the node, by name. */
export type Labels = Readonly<Record<string, string>>;

const rule = "must be pairs like rack=7,zone=b, each with a name of 1 to 128 characters";

function collect(pairs: Iterable<readonly [string, string]>): Read<Labels> {
  const labels: Record<string, string> = {};
  for (const [name, value] of pairs) {
    if (name === "" || name.length > 128) return { ok: false, rule };
    if (value !== "") labels[name] = value;
  }
  return { ok: true, value: labels };
}

function readText(text: string): Read<Labels> {
  const pieces = text
    .split(",")
    .map((piece) => piece.trim())
    .filter((piece) => piece !== "");
  if (pieces.some((piece) => !piece.includes("="))) return { ok: false, rule };
  return collect(
    pieces.map((piece) => {
      const at = piece.indexOf("=");
      return [piece.slice(0, at).trim(), piece.slice(at + 1).trim()] as const;
    }),
  );
}

/**
 * Labels: `name=value` pairs separated by commas, or a mapping in a file. A pair with an empty value is left out, as existing agents do, so
 * that a template may fill in nothing.
 */
export const labelPairs: OptionType<Labels> = {
  name: "pairs name=value, separated by commas; a mapping in the file",
  read: (input) => {
    if (typeof input === "string") return readText(input);
    if (typeof input !== "object" || input === null || Array.isArray(input))
      return { ok: false, rule };
    const pairs: [string, string][] = [];
    for (const [name, value] of Object.entries(input)) {
      const text = scalarText(value);
      if (text === undefined) return { ok: false, rule };
      pairs.push([name.trim(), text]);
    }
    return collect(pairs);
  },
  write: (labels) =>
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(","),
};
