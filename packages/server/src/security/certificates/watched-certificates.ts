import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { X509Certificate } from "node:crypto";
import type { Clock, Logger } from "@persys/core";
import type { TlsMaterial, TlsSource } from "@persys/transports";
import {
  type CertificateFiles,
  readCertificates,
  type ServerCertificates,
} from "./read-certificates.ts";
import { distrustOf } from "./trust.ts";

/** What watched certificates need. */
export interface WatchedCertificatesOptions {
  readonly files: CertificateFiles;
  readonly clock: Pick<Clock, "wallMs" | "schedule">;
  readonly logger: Logger;
}

/** Files are written one after the other: so long after a change the others are awaited, in milliseconds. */
const gatherMs = 200;
/** Some file systems tell of no changes: the files are read again so often at least, in milliseconds. */
const rereadMs = 60_000;
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
  readonly #watchers: FSWatcher[] = [];
  #certificates: ServerCertificates;
  #reading: Promise<void> = Promise.resolve();
  #cancelGather: (() => void) | undefined;
  #cancelReread: () => void = () => {};
  #complained = "";
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  private constructor(options: WatchedCertificatesOptions, certificates: ServerCertificates) {
    this.#options = options;
    this.#certificates = certificates;
    for (const folder of foldersOf(options.files)) this.#watch(folder);
    this.#rereadLater();
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
    return { ok: true, certificates: new WatchedCertificates(options, read.certificates) };
  }

  get current(): TlsMaterial {
    return this.#certificates.material;
  }

  /** When the server's own certificate ends, Unix milliseconds. */
  get expiresAtMs(): number {
    return this.#certificates.expiresAtMs;
  }

  distrust(chain: readonly X509Certificate[]): string | undefined {
    return distrustOf(chain, this.#certificates, this.#options.clock.wallMs());
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
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    this.#cancelGather?.();
    this.#cancelReread();
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
    const expiresAt = new Date(read.certificates.expiresAtMs).toISOString();
    logger.info("new certificates are in use", { expiresAt });
    this.#warnOfEnd();
    for (const listener of this.#listeners) listener();
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

  /** Folders, because files are mostly replaced and not written. */
  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#gather());
      watcher.on("error", (error) => this.#cannotWatch(folder, error));
      this.#watchers.push(watcher);
    } catch (error) {
      this.#cannotWatch(folder, error);
    }
  }

  #cannotWatch(folder: string, error: unknown): void {
    this.#options.logger.warn(
      "changes of certificates are noticed late: their folder cannot be watched",
      {
        folder,
        error,
      },
    );
  }

  #gather(): void {
    this.#cancelGather?.();
    this.#cancelGather = this.#options.clock.schedule(gatherMs, () => void this.reread());
  }

  #rereadLater(): void {
    this.#cancelReread = this.#options.clock.schedule(rereadMs, () => {
      void this.reread();
      this.#rereadLater();
    });
  }
}

function foldersOf({ cert, key, ca, crl }: CertificateFiles): ReadonlySet<string> {
  return new Set([cert, key, ca, ...(crl === undefined ? [] : [crl])].map(dirname));
}

function isSame(one: ServerCertificates, other: ServerCertificates): boolean {
  const text = ({ material, revocations }: ServerCertificates): string =>
    JSON.stringify([
      material,
      revocations.map((it) => [it.issuer.fingerprint256, [...it.serialNumbers]]),
    ]);
  return text(one) === text(other);
}
