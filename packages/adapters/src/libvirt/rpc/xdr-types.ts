import {
  BaseType,
  type Reader,
  voidType,
  type Writer,
  XdrError,
  type XdrType,
} from "@stellar/js-xdr";

const encoder = new TextEncoder();
/**
 * What is no UTF-8 (a file's name may be anything) is shown with replacement characters: one such name must not make all others unreadable.
 */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A string of at most `bytesMax` bytes as text in UTF-8. */
export function text(bytesMax: number): XdrType<string> {
  return new TextType(bytesMax);
}

/** The 16 bytes of a UUID as the usual 36 characters, lower case. */
export function uuid(): XdrType<string> {
  return new UuidType();
}

/** No value, and no bytes: what a call without arguments takes. */
export const nothing: XdrType<void> = voidType();

class TextType extends BaseType<string> {
  override readonly kind = "text";
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    super();
    this.#bytesMax = bytesMax;
  }

  override _read(reader: Reader, path: string): string {
    const length = reader.readUint32(path);
    if (length > this.#bytesMax) throw new XdrError(`${path}: a text of ${length} bytes`);
    const bytes = reader.readBytes(length, path);
    reader.skipPadding(length, path);
    return decoder.decode(bytes);
  }

  override _write(value: string, writer: Writer, path: string): void {
    const bytes = encoder.encode(value);
    if (bytes.length > this.#bytesMax)
      throw new XdrError(`${path}: a text of ${bytes.length} bytes`);
    // The daemon would take the text for ended there.
    if (bytes.includes(0)) throw new XdrError(`${path}: a text with a zero byte`);
    writer.writeUint32(bytes.length);
    writer.writeBytes(bytes);
    writer.writePadding(bytes.length);
  }
}

class UuidType extends BaseType<string> {
  override readonly kind = "uuid";

  override _read(reader: Reader, path: string): string {
    const hex = Buffer.from(reader.readBytes(16, path)).toString("hex");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  override _write(value: string, writer: Writer, path: string): void {
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value))
      throw new XdrError(`${path}: no UUID`);
    writer.writeBytes(Buffer.from(value.replaceAll("-", ""), "hex"));
  }
}
