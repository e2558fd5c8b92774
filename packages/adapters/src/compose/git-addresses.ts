import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { AgentError } from "@persys/core";
import { errnoOf } from "../docker/docker-errors.ts";
import { CommandPlaces } from "./command-places.ts";
import { type GitSource, urlOf } from "./git-source.ts";

/**
 * A lookup has one of the few threads of this process until the resolver of the host gives up, whether or not anybody still waits for it: all else
 * that takes threads, files among it, is to have the others (libuv: four).
 */
const lookups: CommandPlaces = new CommandPlaces(2, 256, "names of hosts wait to be looked up");

/** Finds addresses, as `dns.lookup` does. */
type Resolver = (host: string) => Promise<readonly { readonly address: string }[]>;

const systemResolver: Resolver = (host) => lookup(host, { all: true });

/**
 * The addresses of a repository's host, at least one, as the resolver of this host has them now.
 * @throws {AgentError} NETWORK_ERROR, retryable, where the name has none; LIMIT_EXCEEDED, retryable, where too many are looked up; the signal's reason when it aborts before they are known.
 */
export async function addressesOf(
  source: GitSource,
  signal: AbortSignal,
  resolver: Resolver = systemResolver,
): Promise<readonly string[]> {
  const host = hostOf(source);
  if (isIP(host) !== 0) return [host];
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort, { once: true });
  try {
    const found = await Promise.race([lookups.run(() => resolver(host), signal), aborted]);
    return found.map(({ address }) => address);
  } catch (error) {
    signal.throwIfAborted();
    if (AgentError.is(error)) throw error;
    const errno = errnoOf(error) ?? "unknown";
    throw new AgentError(
      "NETWORK_ERROR",
      `the repository ${source.repository} cannot be fetched: the name of its host cannot be looked up (${errno})`,
      { retryable: true, effect: "none", fault: faultOf(errno), cause: error },
    );
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A name that there is not was written by somebody; that no resolver answers is nobody's fault who writes specs. */
export function faultOf(errno: string): "user" | "system" {
  return errno === "ENOTFOUND" ? "user" : "system";
}

/** The addresses that this machine has now. */
export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => address),
  );
}

/** The setting by which git reaches a host at these addresses alone (`http.curloptResolve`, git 2.37; older ones do not know it). */
export function addressSettings(
  source: GitSource,
  addresses: readonly string[],
): readonly (readonly [name: string, value: string])[] {
  const host = hostOf(source);
  if (isIP(host) !== 0) return [];
  // Curl takes none with a zone there.
  const plain = addresses.filter((it) => !it.includes("%"));
  if (plain.length === 0) return [];
  const { port, protocol } = new URL(urlOf(source));
  const usualPort = protocol === "https:" ? "443" : "80";
  const all = plain.map((it) => (isIP(it) === 6 ? `[${it}]` : it)).join(",");
  return [["http.curloptResolve", `${host}:${port || usualPort}:${all}`]];
}

/** Without the brackets that addresses have in a URL. */
function hostOf(source: GitSource): string {
  return new URL(urlOf(source)).hostname.replace(/^\[(.*)\]$/, "$1");
}
