import { errorDomain, errorNumber } from "./gen/constants.ts";
import type { MessageError } from "./gen/protocol.ts";

/** Longest piece of the daemon's own words that is kept, in characters. */
const wordsCharsMax = 1_000;

/** A call that the daemon answered with an error. */
export class LibvirtError extends Error {
  override readonly name = "LibvirtError";
  /** One of {@link errorNumber}; newer daemons may have others. */
  readonly code: number;
  /** One of {@link errorDomain}: the part of libvirt that failed. */
  readonly domain: number;

  constructor(code: number, domain: number, message: string) {
    super(message);
    this.code = code;
    this.domain = domain;
  }

  /** The name of the code, such as `noDomain`; its number where it is a newer one. */
  get codeName(): string {
    return nameIn(errorNumber, this.code);
  }

  /** The name of the part that failed, such as `qemu`; its number where it is a newer one. */
  get domainName(): string {
    return nameIn(errorDomain, this.domain);
  }

  /** Whether `value` is one with this code. */
  static hasCode(value: unknown, name: keyof typeof errorNumber): value is LibvirtError {
    return value instanceof LibvirtError && value.code === errorNumber[name];
  }

  /** @internal */
  static from({ code, domain, message }: MessageError): LibvirtError {
    const words = message ?? "no reason given";
    return new LibvirtError(
      code,
      domain,
      words.length <= wordsCharsMax ? words : `${words.slice(0, wordsCharsMax - 1)}…`,
    );
  }
}

function nameIn(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, it]) => it === value)?.[0] ?? String(value);
}
