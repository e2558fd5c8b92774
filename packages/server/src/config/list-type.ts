import { type OptionType, type Read, scalarText } from "./option-type.ts";

/** What an item of a list is written as, and what it has to be. */
export interface ListItem<T> {
  /** For the documentation, in the plural: `addresses`. */
  readonly name: string;
  /** What an item has to be, as the end of the sentence "each must be …". */
  readonly rule: string;
  /** The item, or undefined where it is none; a text where more can be said than `rule`. */
  read(text: string): T | { readonly broken: string } | undefined;
  write(item: T): string;
}

const noneWord = "none";
const anyWord = "any";

/** A list of items separated by commas, or a sequence in a file; `none`: empty. */
export function listOf<T>(item: ListItem<T>): OptionType<readonly T[]> {
  return {
    name: `${item.name}, separated by commas; a sequence in the file; ${noneWord}`,
    read: (input) => readItems(input, item),
    write: (items) => (items.length === 0 ? noneWord : items.map((it) => item.write(it)).join(",")),
  };
}

/** Like {@link listOf}, or `any`. */
export function anyOrListOf<T>(item: ListItem<T>): OptionType<readonly T[] | typeof anyWord> {
  const list = listOf(item);
  return {
    name: `${list.name} or ${anyWord}`,
    read: (input) =>
      scalarText(input)?.toLowerCase() === anyWord
        ? { ok: true, value: anyWord }
        : list.read(input),
    write: (value) => (value === anyWord ? anyWord : list.write(value)),
  };
}

function readItems<T>(input: unknown, item: ListItem<T>): Read<readonly T[]> {
  const rule = `must be ${noneWord}, or ${item.name} separated by commas, each ${item.rule}`;
  const texts = textsOf(input);
  if (texts === undefined || texts.length === 0) return { ok: false, rule };
  if (texts.length === 1 && texts[0]?.toLowerCase() === noneWord) return { ok: true, value: [] };
  const items: T[] = [];
  for (const text of texts) {
    const read = item.read(text);
    if (read === undefined) return { ok: false, rule: `${rule}: ${JSON.stringify(text)} is not` };
    if (isBroken(read)) return { ok: false, rule: read.broken };
    items.push(read);
  }
  return { ok: true, value: items };
}

function isBroken(read: unknown): read is { readonly broken: string } {
  return typeof read === "object" && read !== null && "broken" in read;
}

/** A sequence of a file holds its items as they are: a path may have a comma in it there. */
function textsOf(input: unknown): readonly string[] | undefined {
  if (Array.isArray(input)) {
    const texts = input.map(scalarText);
    return texts.every((it) => it !== undefined && it !== "") ? (texts as string[]) : undefined;
  }
  return scalarText(input)
    ?.split(",")
    .map((it) => it.trim())
    .filter((it) => it !== "");
}
