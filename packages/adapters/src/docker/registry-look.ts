import { errnoOf } from "./docker-errors.ts";

/** What was seen of a registry from this host. */
export type RegistryLook =
  /** `why`: an errno name, or that it did not answer in time. */
  { readonly kind: "unreachable"; readonly why: string } | AnsweringRegistry;

/** Something is there. */
export interface AnsweringRegistry {
  readonly kind: "answers";
  /** Undefined where it does not speak HTTP, or has a certificate that only the engine may know. */
  readonly status?: number;
  /** Whether it wants a name and a password, rather than a token or nothing. */
  readonly wantsPassword: boolean;
}

/** A registry that takes longer for its version check is none to wait for. */
const lookTimeoutMs = 5_000;

/** Errno names of connections that were not made or did not hold; undici has some names of its own. */
const unreachableErrnos: ReadonlySet<string> = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_SOCKET",
]);

/**
 * Asks a registry (`docker.io`, `registry.example:5000`) for its version, as nobody: no credential is ever sent from here. With a port in
 * its name, over plain HTTP too, as engines ask registries that were declared insecure.
 * @throws the signal's reason when it aborts.
 */
export async function lookAtRegistry(registry: string, signal: AbortSignal): Promise<RegistryLook> {
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  const schemes = /:\d+$/.test(host) ? ["https", "http"] : ["https"];
  const looks = await Promise.all(schemes.map((it) => look(`${it}://${host}/v2/`, signal)));
  signal.throwIfAborted();
  const answers = looks.filter((it) => it.kind === "answers");
  const [best] = [...answers.filter((it) => it.status !== undefined), ...answers, ...looks];
  return best ?? { kind: "unreachable", why: "no address" };
}

async function look(url: string, signal: AbortSignal): Promise<RegistryLook> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(lookTimeoutMs)]);
  try {
    // One question is all: no connection is kept for another.
    const headers = { connection: "close" };
    const answer = await fetch(url, { headers, redirect: "manual", signal: limit });
    await answer.body?.cancel();
    const challenge = answer.headers.get("www-authenticate") ?? "";
    const wantsPassword = answer.status === 401 && /^basic\b/i.test(challenge);
    return { kind: "answers", status: answer.status, wantsPassword };
  } catch (error) {
    if (limit.aborted)
      return { kind: "unreachable", why: `no answer within ${lookTimeoutMs / 1000} seconds` };
    const errno = errnoOf(error instanceof Error ? error.cause : undefined);
    return errno !== undefined && unreachableErrnos.has(errno)
      ? { kind: "unreachable", why: errno }
      : { kind: "answers", wantsPassword: false };
  }
}

/** Whether a registry is on this host alone, where no proxy is ever asked for it. */
export function isLoopback(registry: string): boolean {
  const { hostname } = new URL(`http://${registry}`);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
