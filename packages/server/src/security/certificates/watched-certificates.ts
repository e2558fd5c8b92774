import type { X509Certificate } from "node:crypto";
import type { Clock, Logger } from "@persys/core";
import type { TlsMaterial, TlsSource } from "@persys/transports";
import { watchFiles } from "../watch-files.ts";
import {
  type CertificateFiles,
  isKeyOpen,
  nameOf,
  readCertificates,
  type ServerCertificates,
} from "./read-certificates.ts";
import { distrustOf, hasIssued } from "./trust.ts";

/** What watched certificates need. */
export interface WatchedCertificatesOptions {
  readonly files: CertificateFiles;
  readonly clock: Pick<Clock, "wallMs" | "schedule">;
  readonly logger: Logger;
}

/** An end that is nearer than this is warned of, in milliseconds. */
const warnBeforeMs = 7 * 86_400_000;
/** Warnings of it come so often, in milliseconds. */
const warnEveryMs = 86_400_000;

/**
 * A server's certificates, read again whenever their files change. What cannot be used as a whole changes nothing: it is logged, and the
 * last that could goes on being used.
 */
export class WatchedCertificates implements TlsSource {
  readonly #options: WatchedCertificatesOptions;
  readonly #listeners = new Set<() => void>();
  readonly #endWatch: () => void;
  #certificates: ServerCertificates;
  #reading: Promise<void> = Promise.resolve();
  #complained = "";
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  private constructor(options: WatchedCertificatesOptions, certificates: ServerCertificates) {
    this.#options = options;
    this.#certificates = certificates;
    const { files, clock, logger } = options;
    const paths = [
      files.cert,
      files.key,
      files.ca,
      ...(files.crl === undefined ? [] : [files.crl]),
    ];
    this.#endWatch = watchFiles(paths, { clock, logger, onChange: () => void this.reread() });
    this.#warnOfEnd();
  }

  /** Reads the files and begins to watch them. Returns the reasons when they cannot be used. */
  static async open(
    options: WatchedCertificatesOptions,
  ): Promise<
    | { readonly ok: true; readonly certificates: WatchedCertificates }
    | { readonly ok: false; readonly problems: readonly string[] }
  > {
    const read = await readCertificates(options.files, options.clock.wallMs());
    if (!read.ok) return read;
    const certificates = new WatchedCertificates(options, read.certificates);
    await certificates.#warnOfKey();
    return { ok: true, certificates };
  }

  get current(): TlsMaterial {
    return this.#certificates.material;
  }

  /** When the server's own certificate ends, Unix milliseconds. */
  get expiresAtMs(): number {
    return this.#certificates.expiresAtMs;
  }

  /** What is in use, for a log. */
  get facts(): Readonly<Record<string, unknown>> {
    const { own, authorities, expiresAtMs } = this.#certificates;
    return {
      certificate: nameOf(own),
      names: own.subjectAltName ?? "",
      expiresAt: new Date(expiresAtMs).toISOString(),
      authorities: authorities.map(nameOf),
    };
  }

  distrust(certificate: X509Certificate): string | undefined {
    return distrustOf(certificate, this.#certificates, this.#options.clock.wallMs());
  }

  hasIssued(certificate: X509Certificate): boolean {
    const nowMs = this.#options.clock.wallMs();
    return this.#certificates.authorities.some((it) => hasIssued(it, certificate, nowMs));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the files now. Resolves once what they hold is used, or known to be of no use. Never rejects. */
  reread(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  /** Ends the watching. What was read last goes on being given. May be repeated. */
  close(): void {
    this.#endWatch();
    this.#listeners.clear();
  }

  async #read(): Promise<void> {
    const { files, clock, logger } = this.#options;
    const read = await readCertificates(files, clock.wallMs());
    this.#warnOfEnd();
    if (!read.ok) {
      const problems = read.problems.join("; ");
      // Told once: the same complaint every minute helps nobody.
      if (problems !== this.#complained) {
        logger.error("new certificates cannot be used; the last good ones stay in use", {
          problems: read.problems,
        });
      }
      this.#complained = problems;
      return;
    }
    this.#complained = "";
    if (isSame(read.certificates, this.#certificates)) return;
    this.#certificates = read.certificates;
    this.#warnedAtMs = Number.NEGATIVE_INFINITY;
    logger.info("new certificates are in use", this.facts);
    this.#warnOfEnd();
    await this.#warnOfKey();
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        logger.error("a server could not take up new certificates", { error });
      }
    }
  }

  async #warnOfKey(): Promise<void> {
    const { files, logger } = this.#options;
    if (!(await isKeyOpen(files.key))) return;
    logger.warn("the server's private key is open to others; run: chmod 600", { key: files.key });
  }

  #warnOfEnd(): void {
    const { clock, logger } = this.#options;
    const nowMs = clock.wallMs();
    const { expiresAtMs } = this.#certificates;
    if (expiresAtMs - nowMs > warnBeforeMs || nowMs - this.#warnedAtMs < warnEveryMs) return;
    this.#warnedAtMs = nowMs;
    const expiresAt = new Date(expiresAtMs).toISOString();
    logger.warn("the server's certificate ends soon: put a new one in its place", { expiresAt });
  }
}

function isSame(one: ServerCertificates, other: ServerCertificates): boolean {
  const text = ({ material, revocations }: ServerCertificates): string =>
    JSON.stringify([
      material,
      revocations.map((it) => [it.issuer.fingerprint256, [...it.serialNumbers]]),
    ]);
  return text(one) === text(other);
}
