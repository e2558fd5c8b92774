import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";
import {
  type ClientCertificate,
  readAuthorities,
  readClientCertificate,
  readToken,
  type TrustedAuthorities,
} from "./credentials.ts";
import type { DevAgent } from "./dev-agent.ts";
import { type ConnectionFlags, findPlaces, type Place, type PlacesHost } from "./places.ts";

/** The agent to talk to. */
export interface Connection {
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Who the user is shown to be by, over TLS. */
  readonly certificate?: ClientCertificate;
  /** Whose servers are trusted over TLS. Left out: those that Node knows. */
  readonly authorities?: TrustedAuthorities;
  /** Where the endpoint comes from, in words for a person: `--endpoint`, `context "prod"`. */
  readonly source: string;
  /** Set when it is a development agent that was found by itself. */
  readonly dev?: DevAgent;
}

/**
 * Which agent to talk to, whom to trust there, and how to sign in. Each of the three comes from the first place that says it:
 *
 *     1. --endpoint, --ca, --token…, --cert      3. PERSYS_ENDPOINT, PERSYS_CA_FILE, PERSYS_TOKEN…, PERSYS_CERT_FILE
 *     2. the context of --context                4. the context of PERSYS_CONTEXT, else the current one
 *                                                5. the development agent of this folder or one above
 *
 * How to sign in is a token, or a certificate with its key, or both; where one place names a certificate, no token of another is sent, since an
 * agent goes by the token. What a context or a development agent has goes to their own endpoint only, wherever that was named: an endpoint
 * on the command line never receives what was stored for another.
 * @throws {CliError} usage — nothing names an agent, or what does is wrong.
 */
export async function resolveConnection(
  flags: ConnectionFlags,
  host: PlacesHost,
): Promise<Connection> {
  const places = await findPlaces(flags, host);
  const chosen = places.find((it) => it.endpoint !== undefined);
  if (chosen?.endpoint === undefined) {
    throw new CliError(
      exitCodes.usage,
      "no agent is named, and no development agent was found here",
      {
        hints: [
          "start one with `npm start`, in this folder or one above it",
          "or name one with --endpoint, PERSYS_ENDPOINT or `persysctl context set`",
        ],
      },
    );
  }
  const endpoint = parseEndpoint(chosen.endpoint, chosen.source);
  const isSecure = endpoint.startsWith("https:");
  if (!isSecure) refuseUseless(flags, endpoint);
  const usable = places.filter((it) => !it.isBound || leadsTo(it.endpoint, endpoint));
  return {
    endpoint,
    ...(await signInOf(usable, isSecure)),
    ...(isSecure ? await trustOf(usable) : {}),
    source: chosen.source,
    ...(chosen.dev === undefined ? {} : { dev: chosen.dev }),
  };
}

/** `text` as the address of an agent: a bare `host:port` is taken as http. @throws {CliError} usage. */
export function parseEndpoint(text: string, source: string): string {
  const endpoint = endpointOf(text);
  if (endpoint !== undefined) return endpoint;
  throw new CliError(exitCodes.usage, `${source}: "${text}" is no address of an agent`, {
    hints: ["an address looks like http://127.0.0.1:50052"],
  });
}

function endpointOf(text: string): string | undefined {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(url)) return undefined;
  const { protocol, origin, pathname } = new URL(url);
  return /^https?:$/.test(protocol) ? `${origin}${pathname.replace(/\/+$/, "")}` : undefined;
}

/** Who gives a certificate by hand means it to be shown: it is not left out in silence. */
function refuseUseless(flags: ConnectionFlags, endpoint: string): void {
  const given = (["ca", "cert", "key"] as const).find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new CliError(exitCodes.usage, `--${given} is for TLS, and ${endpoint} is without`, {
    hints: [`name the agent with --endpoint ${endpoint.replace(/^http:/, "https:")}`],
  });
}

async function signInOf(
  places: readonly Place[],
  isSecure: boolean,
): Promise<Pick<Connection, "token" | "certificate">> {
  const place = places.find(({ credentials: { token, tokenFile, cert, key } }) => {
    const hasToken = (token ?? tokenFile) !== undefined;
    return hasToken || (isSecure && (cert ?? key) !== undefined);
  });
  if (place === undefined) return { token: undefined };
  const { credentials, nameOf } = place;
  const token = await readToken(credentials, nameOf);
  const certificate = isSecure ? await readClientCertificate(credentials, nameOf) : undefined;
  return { token, ...(certificate === undefined ? {} : { certificate }) };
}

async function trustOf(places: readonly Place[]): Promise<Pick<Connection, "authorities">> {
  const place = places.find(({ credentials }) => credentials.ca !== undefined);
  const authorities = place && (await readAuthorities(place.credentials, place.nameOf));
  return authorities === undefined ? {} : { authorities };
}

function leadsTo(text: string | undefined, endpoint: string): boolean {
  return text !== undefined && endpointOf(text) === endpoint;
}
