import { cors } from "@connectrpc/connect";
import { type HostNames, hostRule } from "./host-guard.ts";

/** What is known of a request before anything of it is read. */
export interface BrowserRequest {
  /** The host it names, with its port. */
  readonly authority: string | undefined;
  /** The site whose page makes it, where a browser does that for a page. */
  readonly origin: string | null | undefined;
  /** How that site and this server belong together (Fetch Metadata). */
  readonly fetchSite: string | null | undefined;
}

/** Which pages of browsers may call, and by which names. */
export interface BrowserRules {
  /** Why a request is refused, in words for whoever made it; undefined when it is not. */
  refusal(request: BrowserRequest): string | undefined;
  /** What a browser is told of an answer to a page of `origin`. Empty for any but the allowed. */
  corsHeaders(origin: string | null | undefined): Readonly<Record<string, string>>;
  /** What a browser is told that asks beforehand. Empty for any but the allowed. */
  preflightHeaders(origin: string | null | undefined): Readonly<Record<string, string>>;
}

/** Browsers ask again so often whether a page may call, in seconds: the longest that Chromium accepts. */
const preflightAgeSeconds = 7_200;

const allowedHeaders = [...cors.allowedHeaders, "Authorization", "Traceparent", "If-None-Match"];
const exposedHeaders = [...cors.exposedHeaders, "ETag"];

/** Only pages of exactly these origins may call. Cookies and certificates of the browser count for nothing there: pages send a token. */
export function browserRules(
  options: HostNames & { readonly origins: readonly string[] },
): BrowserRules {
  const origins = new Set(options.origins);
  const allowsHost = hostRule(options);
  const allowed = (origin: string | null | undefined): string | undefined =>
    typeof origin === "string" && origins.has(origin) ? origin : undefined;
  return {
    refusal({ authority, origin, fetchSite }) {
      if (!allowsHost(authority)) {
        return `requests to this address must name it as localhost, its IP address or a name in its certificate, not ${authority} (PERSYS_HTTP_HOSTS allows further names)`;
      }
      if (allowed(origin) !== undefined) return undefined;
      if (typeof origin === "string") {
        return `pages of ${origin} may not call this agent (PERSYS_HTTP_ALLOWED_ORIGINS allows them)`;
      }
      // A browser names no origin when a page shows an image or follows a link.
      return fetchSite === "cross-site" || fetchSite === "same-site"
        ? "other sites may not call this agent"
        : undefined;
    },
    corsHeaders(origin): Readonly<Record<string, string>> {
      const site = allowed(origin);
      return site === undefined
        ? {}
        : {
            "access-control-allow-origin": site,
            "access-control-expose-headers": exposedHeaders.join(", "),
          };
    },
    preflightHeaders(origin): Readonly<Record<string, string>> {
      const site = allowed(origin);
      return site === undefined
        ? {}
        : {
            "access-control-allow-origin": site,
            "access-control-allow-methods": cors.allowedMethods.join(", "),
            "access-control-allow-headers": allowedHeaders.join(", "),
            // Browsers ask for it where a page of the internet calls a private address.
            "access-control-allow-private-network": "true",
            "access-control-max-age": String(preflightAgeSeconds),
          };
    },
  };
}
