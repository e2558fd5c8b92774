import type { Connection } from "./settings/connection.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";

/** Why there was no TLS between persysctl and the agent, for the user. */
export interface TlsFailure {
  readonly exitCode: ExitCode;
  /** What follows the agent's address. */
  readonly why: string;
  readonly hints: readonly string[];
}

/** OpenSSL's names for a server whose authority is not known, as Node has them. */
const untrusted: ReadonlySet<string> = new Set([
  "CERT_REJECTED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "INVALID_CA",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What else is wrong with a server's certificate. */
const wrongCertificate: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  CERT_REVOKED: "its certificate has been revoked",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for other names than this one",
};

/** What a server says that turns a client away (RFC 8446, section 6.2), as it stands at the end of OpenSSL's names. */
const alerts: Readonly<Record<string, string>> = {
  ACCESS_DENIED: "it refuses the client certificate",
  BAD_CERTIFICATE: "it does not take the client certificate",
  CERTIFICATE_EXPIRED: "the client certificate has expired",
  CERTIFICATE_REQUIRED: "it asks for a client certificate",
  CERTIFICATE_REVOKED: "the client certificate has been revoked",
  CERTIFICATE_UNKNOWN: "it does not take the client certificate",
  DECRYPT_ERROR: "it does not take the client certificate",
  UNKNOWN_CA: "the client certificate is of no authority that it trusts",
  UNSUPPORTED_CERTIFICATE: "it does not take this kind of client certificate",
};

/** OpenSSL's names for an answer that is no TLS. */
const noTls: ReadonlySet<string> = new Set([
  "EPROTO",
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_WRONG_VERSION_NUMBER",
]);

/** What a connection failed of, by its name; undefined where that has nothing to do with TLS. */
export function tlsFailure(code: string, connection: Connection): TlsFailure | undefined {
  const { endpoint } = connection;
  if (!endpoint.startsWith("https:")) {
    // What a server of TLS answers to HTTP is an alert, or nothing; but whoever ends suddenly says nothing, too.
    const isAlert = code.startsWith("HPE_");
    if (!isAlert && code !== "ECONNRESET" && code !== "EPIPE") return undefined;
    const why = isAlert ? "it does not speak plain HTTP there" : "the connection was cut off";
    const hint = `if it speaks TLS, name it as ${endpoint.replace(/^http:/, "https:")}`;
    return { exitCode: exitCodes.unreachable, why, hints: [hint] };
  }
  if (noTls.has(code)) {
    const hint = `if it serves without TLS, name it as ${endpoint.replace(/^https:/, "http:")}`;
    return { exitCode: exitCodes.unreachable, why: "it does not speak TLS there", hints: [hint] };
  }
  if (untrusted.has(code)) {
    const why = `its certificate was issued by no authority that is trusted here (${code})`;
    return { exitCode: exitCodes.unreachable, why, hints: trustHints(connection) };
  }
  const wrong = wrongCertificate[code];
  if (wrong !== undefined) return { exitCode: exitCodes.unreachable, why: wrong, hints: [] };
  // A server of Node says nothing to whom it does not trust: it hangs up.
  if (code === "ECONNRESET" && connection.certificate !== undefined) {
    const hint = `an agent that does not trust the certificate in ${connection.certificate.file} hangs up`;
    return { exitCode: exitCodes.unreachable, why: "the connection was cut off", hints: [hint] };
  }
  const alert = /_ALERT_(.+)$/.exec(code)?.[1];
  const refused = alert === undefined ? undefined : alerts[alert];
  return refused === undefined
    ? undefined
    : { exitCode: exitCodes.denied, why: `${refused} (${code})`, hints: clientHints(connection) };
}

function trustHints({ authorities, dev }: Connection): readonly string[] {
  return [
    authorities === undefined
      ? "give the file with its authority: --ca, PERSYS_CA_FILE, or ca_file of a context"
      : `${authorities.file} is not its authority: give the file that is with --ca`,
    ...(dev === undefined
      ? ["that of certificates made by `persys-agent certs dev` is ca.pem beside them"]
      : []),
  ];
}

function clientHints({ certificate }: Connection): readonly string[] {
  return [
    certificate === undefined
      ? "give your certificate with --cert and --key, PERSYS_CERT_FILE and PERSYS_KEY_FILE, or a context"
      : `the certificate shown was that in ${certificate.file}`,
  ];
}
