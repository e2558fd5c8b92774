import { createHash, type X509Certificate } from "node:crypto";
import type { Asking, Authenticate, Authentication } from "@persys/transports";
import { type AccessPolicy, agentTokenName, hasKind, ruleFor } from "./access-policy.ts";
import { certificateNames } from "./certificate-names.ts";
import type { JwtVerifier } from "./jwt-verifier.ts";

/** What is needed to know callers. */
export interface CallerSources {
  /** What holds now; asked at every call. */
  readonly policy: () => AccessPolicy;
  /** Why a certificate that an authority has issued is not trusted now; undefined when it is. Left out: certificates count for nothing. */
  readonly distrust?: (certificate: X509Certificate) => string | undefined;
  readonly jwt: JwtVerifier;
}

/**
 * Knows callers by the bearer token they send, or else by the certificate they show, and gives them the role of the first rule that fits.
 * A token that is wrong is not made up for by a certificate.
 */
export function authenticateCallers(sources: CallerSources): Authenticate {
  return async (asking) => {
    const authorization = asking.headers.get("authorization");
    if (authorization === null) return byCertificate(asking, sources);
    const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (token === undefined) return unknown("send the token as Authorization: Bearer TOKEN");
    return byToken(token, sources);
  };
}

function byCertificate({ peer }: Asking, { policy, distrust }: CallerSources): Authentication {
  const { certificate } = peer;
  if (certificate === undefined) {
    return unknown(
      peer.encrypted && distrust !== undefined
        ? "show a client certificate, or send a token as Authorization: Bearer TOKEN"
        : "send a token as Authorization: Bearer TOKEN",
    );
  }
  const because =
    distrust === undefined
      ? "certificates are not asked for here"
      : (distrust(certificate) ??
        (peer.authorized
          ? undefined
          : "the certificate was issued by no authority that is trusted here"));
  if (because !== undefined) return unknown(because);
  const names = namesOf(certificate);
  return names.length === 0
    ? unknown("the certificate names nobody: it has neither one SPIFFE id nor a common name")
    : withRole(names, policy());
}

const namesRead = new WeakMap<X509Certificate, readonly string[]>();

/** Reading them costs more than all the rest of a call. */
function namesOf(certificate: X509Certificate): readonly string[] {
  const names = namesRead.get(certificate) ?? certificateNames(certificate);
  namesRead.set(certificate, names);
  return names;
}

async function byToken(token: string, { policy, jwt }: CallerSources): Promise<Authentication> {
  const current = policy();
  // Digests are compared, not tokens: how long that takes tells nothing that would help to guess one.
  const digest = createHash("sha256").update(token).digest("hex");
  const known = current.tokens.find(({ sha256 }) => sha256 === digest);
  if (known !== undefined) return withRole([`token:${known.name}`], current);
  if (current.jwt.length > 0 && token.split(".").length === 3) {
    const verified = await jwt.verify(token, current.jwt);
    return verified.ok ? withRole(verified.names, current) : unknown(verified.because);
  }
  return unknown("unknown token");
}

function withRole(names: readonly string[], policy: AccessPolicy): Authentication {
  const [first = ""] = names;
  const identity = identityOf(first);
  const rule = ruleFor(policy, names);
  if (rule === undefined) return { kind: "stranger", identity, names };
  const { role, workloads } = rule;
  const principal = { identity, role, ...(workloads === undefined ? {} : { workloads }) };
  return { kind: "known", principal };
}

/** What a caller is called in the history and in logs: no two kinds of callers alike, so a common name keeps its kind where it looks like another. */
function identityOf(name: string): string {
  if (name === `token:${agentTokenName}`) return agentTokenName;
  const common = name.startsWith("cn:") ? name.slice("cn:".length) : undefined;
  return common === undefined || common === agentTokenName || hasKind(common) ? name : common;
}

function unknown(because: string): Authentication {
  return { kind: "unknown", because };
}
