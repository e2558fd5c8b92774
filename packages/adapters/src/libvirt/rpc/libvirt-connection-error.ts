/**
 * Why there is no answer.
 *
 * - `unreachable`: nobody could be connected to; `errno` says why
 * - `refused`: the daemon wants an authentication that is not offered here
 * - `closed`: the connection has ended, by the daemon or by {@link LibvirtClient.close}
 * - `silent`: the daemon answers neither calls nor signs of life
 * - `protocol`: what arrived is not what libvirt's protocol says
 * - `busy`: more calls are waiting than are allowed to
 * - `unsendable`: the call cannot be written: a text with a zero byte, say, or longer than the daemon would read
 */
export type LibvirtConnectionFault =
  | "unreachable"
  | "refused"
  | "closed"
  | "silent"
  | "protocol"
  | "busy"
  | "unsendable";

/** What is known of a failed exchange beyond its kind. */
export interface LibvirtConnectionErrorOptions {
  /** Whether the call may have reached the daemon, which then may carry it out all the same. Default true. */
  readonly sent?: boolean;
  /** The errno name of the system call that failed. */
  readonly errno?: string;
  readonly cause?: unknown;
}

/** No answer came, so nothing is known of what was asked: never that something is absent. */
export class LibvirtConnectionError extends Error {
  override readonly name = "LibvirtConnectionError";
  readonly fault: LibvirtConnectionFault;
  readonly sent: boolean;
  readonly errno: string | undefined;

  constructor(
    fault: LibvirtConnectionFault,
    message: string,
    options: LibvirtConnectionErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fault = fault;
    this.sent = options.sent ?? true;
    this.errno = options.errno;
  }

  /** The same for a call that did not even reach the connection. */
  asUnsent(): LibvirtConnectionError {
    const { fault, message, errno } = this;
    return new LibvirtConnectionError(fault, message, {
      sent: false,
      cause: this,
      ...(errno === undefined ? {} : { errno }),
    });
  }
}
