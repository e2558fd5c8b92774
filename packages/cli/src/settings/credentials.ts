import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";

/** A file that a place may name for signing in. */
export type CredentialFile = "tokenFile" | "ca" | "cert" | "key";

/** What a place names for signing in. A relative path counts from the working directory. */
export type NamedCredentials = Readonly<Partial<Record<"token" | CredentialFile, string>>>;

/** How a person knows a file of a place: `--cert`, `PERSYS_CERT_FILE`, `context "lab"`. */
export type NameOfFile = (file: CredentialFile) => string;

/** A client certificate and where it was read from. PEM. */
export interface ClientCertificate {
  readonly file: string;
  readonly cert: string;
  readonly key: string;
}

/** Authorities and the file that holds them. PEM. */
export interface TrustedAuthorities {
  readonly file: string;
  readonly pem: string;
}

const privateKeyBlock = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;
const lockedKey = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;
const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The token that a place names; undefined when it names none. @throws {CliError} usage — its file holds none. */
export async function readToken(
  { token, tokenFile }: NamedCredentials,
  nameOf: NameOfFile,
): Promise<string | undefined> {
  if (token !== undefined || tokenFile === undefined) return token;
  const source = nameOf("tokenFile");
  const read = (await readNamed(tokenFile, `${source}: cannot read the token`)).trim();
  if (read === "" || /\s/.test(read)) {
    throw new CliError(
      exitCodes.usage,
      `${source}: ${tokenFile} does not hold one token on one line`,
    );
  }
  return read;
}

/**
 * The client certificate that a place names, with its key; undefined when it names none.
 * @throws {CliError} usage — only one of the two is named, a file cannot be read or holds something else, or they do not belong together.
 */
export async function readClientCertificate(
  { cert: certFile, key: keyFile }: NamedCredentials,
  nameOf: NameOfFile,
): Promise<ClientCertificate | undefined> {
  if (certFile === undefined && keyFile === undefined) return undefined;
  const [ofCert, ofKey] = [nameOf("cert"), nameOf("key")];
  if (certFile === undefined || keyFile === undefined) {
    const names =
      ofCert === ofKey ? `${ofCert}: a certificate and its key` : `${ofCert} and ${ofKey}`;
    throw new CliError(exitCodes.usage, `${names} go together: name both files`);
  }
  const cert = await readNamed(certFile, `${ofCert}: cannot read the certificate`);
  const [own] = certificatesIn(cert, `${ofCert}: ${certFile}`);
  const key = await readNamed(keyFile, `${ofKey}: cannot read the key`);
  if (lockedKey.test(key)) {
    throw new CliError(exitCodes.usage, `${ofKey}: the key in ${keyFile} has a password`, {
      hints: [`openssl pkey -in ${keyFile} writes it without one`],
    });
  }
  if (!privateKeyBlock.test(key)) {
    throw new CliError(exitCodes.usage, `${ofKey}: ${keyFile} holds no private key in PEM`);
  }
  if (own?.checkPrivateKey(parsedKey(key, `${ofKey}: ${keyFile}`)) !== true) {
    throw new CliError(
      exitCodes.usage,
      `${ofKey}: the key in ${keyFile} is not that of the certificate in ${certFile}`,
    );
  }
  return { file: certFile, cert, key };
}

/** The authorities that a place names; undefined when it names none. @throws {CliError} usage — its file cannot be read or holds none. */
export async function readAuthorities(
  { ca: file }: NamedCredentials,
  nameOf: NameOfFile,
): Promise<TrustedAuthorities | undefined> {
  if (file === undefined) return undefined;
  const source = nameOf("ca");
  const pem = await readNamed(file, `${source}: cannot read the authorities`);
  certificatesIn(pem, `${source}: ${file}`);
  return { file, pem };
}

async function readNamed(path: string, otherwise: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(exitCodes.usage, `${otherwise}: ${reason}`, { cause });
  }
}

function certificatesIn(pem: string, where: string): readonly X509Certificate[] {
  try {
    const found = Array.from(
      pem.matchAll(certificateBlock),
      ([block]) => new X509Certificate(block),
    );
    if (found.length > 0) return found;
  } catch (cause) {
    throw new CliError(exitCodes.usage, `${where} holds a certificate that cannot be read`, {
      cause,
    });
  }
  throw new CliError(exitCodes.usage, `${where} holds no certificate in PEM`);
}

function parsedKey(pem: string, where: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new CliError(exitCodes.usage, `${where} holds a private key that cannot be read`, {
      cause,
    });
  }
}
