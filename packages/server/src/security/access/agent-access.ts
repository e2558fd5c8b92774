import { createHash } from "node:crypto";
import type { Clock, Logger } from "@persys/core";
import type { Authenticate, TlsSource } from "@persys/transports";
import type { Config } from "../../config/config.ts";
import { exitCodes } from "../../exit-codes.ts";
import { StartFailure } from "../../start-failure.ts";
import { WatchedCertificates } from "../certificates/watched-certificates.ts";
import { type AccessPolicy, agentTokenName } from "./access-policy.ts";
import { authenticateCallers } from "./authenticate-callers.ts";
import { FileJwtVerifier } from "./jwt-verifier.ts";
import { WatchedPolicy } from "./watched-policy.ts";

/** What access to the agent is made with. */
export interface AgentAccessOptions {
  readonly config: Pick<
    Config,
    | "accessFile"
    | "adminIdentities"
    | "grpcClientCertificates"
    | "tlsCa"
    | "tlsCert"
    | "tlsCrl"
    | "tlsEnabled"
    | "tlsKey"
  >;
  /** The token of the token file. */
  readonly token: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Who may call the agent, and with which certificates it serves. */
export interface AgentAccess {
  readonly authenticate: Authenticate;
  /** Undefined: in clear text. */
  readonly tls: TlsSource | undefined;
  /** For how long the certificate in use holds, in milliseconds, negative when it has ended; undefined in clear text. */
  certificateLeftMs(): number | undefined;
  /** Files with keys that the access file names. The same list as long as it says the same. */
  keyFiles(): readonly string[];
  /** Reads certificates and the access file now, whether they have changed or not. Never rejects. */
  reread(): Promise<void>;
  /** Ends the watching of files. May be repeated. */
  close(): void;
}

const noPolicy: AccessPolicy = { rules: [], tokens: [], jwt: [] };

/**
 * Reads the certificates and the access file, and begins to watch them.
 * @throws {StartFailure} when they cannot be used, with every reason.
 */
export async function openAgentAccess(options: AgentAccessOptions): Promise<AgentAccess> {
  const { config, clock, logger } = options;
  const tls = config.tlsEnabled ? await openCertificates(options) : undefined;
  let watched: WatchedPolicy | undefined;
  if (config.accessFile !== "none") {
    const read = await WatchedPolicy.open({ path: config.accessFile, clock, logger });
    if (!read.ok) {
      tls?.close();
      throw unusable("the access file cannot be used", read.problems, "PERSYS_ACCESS_FILE");
    }
    watched = read.policy;
  }
  const complete = completed(options);
  const current = (): AccessPolicy => watched?.current ?? noPolicy;
  logUse(options, tls);
  return {
    tls,
    keyFiles: () => keyFilesOf(current()),
    reread: async () => {
      await Promise.all([tls?.reread(), watched?.reread()]);
    },
    certificateLeftMs: () => (tls === undefined ? undefined : tls.expiresAtMs - clock.wallMs()),
    authenticate: authenticateCallers({
      policy: () => complete(current()),
      jwt: new FileJwtVerifier(),
      ...(tls === undefined ? {} : { distrust: (certificate) => tls.distrust(certificate) }),
    }),
    close: () => {
      tls?.close();
      watched?.close();
    },
  };
}

const keyFiles = new WeakMap<AccessPolicy, readonly string[]>();

function keyFilesOf(policy: AccessPolicy): readonly string[] {
  const files = keyFiles.get(policy) ?? policy.jwt.map(({ jwksFile }) => jwksFile);
  keyFiles.set(policy, files);
  return files;
}

/** A policy with what the settings say put before it. The same policy gives the same result. */
function completed({ config, token }: AgentAccessOptions): (policy: AccessPolicy) => AccessPolicy {
  const { adminIdentities } = config;
  const known = { name: agentTokenName, sha256: createHash("sha256").update(token).digest("hex") };
  const own: AccessPolicy["rules"] = [
    { who: [`token:${agentTokenName}`], role: "admin" },
    ...(adminIdentities.length === 0 ? [] : [{ who: adminIdentities, role: "admin" as const }]),
  ];
  let last: { readonly of: AccessPolicy; readonly is: AccessPolicy } | undefined;
  return (policy) => {
    if (last?.of !== policy) {
      const { rules, tokens, jwt } = policy;
      last = { of: policy, is: { rules: [...own, ...rules], tokens: [known, ...tokens], jwt } };
    }
    return last.is;
  };
}

async function openCertificates({
  config,
  clock,
  logger,
}: AgentAccessOptions): Promise<WatchedCertificates> {
  const { tlsCert: cert, tlsKey: key, tlsCa: ca, tlsCrl } = config;
  const files = { cert, key, ca, crl: tlsCrl === "none" ? undefined : tlsCrl };
  const opened = await WatchedCertificates.open({ files, clock, logger });
  if (opened.ok) return opened.certificates;
  const settings =
    "PERSYS_TLS_CERT, PERSYS_TLS_KEY and PERSYS_TLS_CA name the files; `persys-agent certs dev` makes some to try it with; PERSYS_TLS_ENABLED=false does without, on addresses of this machine alone";
  throw unusable("the certificates of the API cannot be used", opened.problems, settings);
}

/** Says once what the API is served with. */
function logUse(
  { config, logger }: AgentAccessOptions,
  tls: WatchedCertificates | undefined,
): void {
  const { accessFile, adminIdentities, grpcClientCertificates, tlsCrl } = config;
  if (tls === undefined) {
    logger.info("the API is served without TLS", { accessFile });
    return;
  }
  const crl = tlsCrl === "none" ? {} : { crl: tlsCrl };
  logger.info("the API is served over TLS", {
    ...tls.facts,
    ...crl,
    grpcClientCertificates,
    accessFile,
    adminIdentities,
  });
}

function unusable(what: string, problems: readonly string[], settings: string): StartFailure {
  return new StartFailure(exitCodes.configuration, `${what}: ${problems.join("; ")} (${settings})`);
}
