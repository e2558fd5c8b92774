import type { BrowserRequest, BrowserRules } from "./browser-rules.ts";
import type { HttpListener } from "./http-front.ts";
import { discardRest } from "./request-body.ts";
import { securityHeaders } from "./security-headers.ts";

/** Gives every answer the headers that browsers go by, and answers their questions beforehand (preflights) by itself. */
export function withBrowserHeaders(listener: HttpListener, rules: BrowserRules): HttpListener {
  return (request, response) => {
    // A client that leaves in the middle is no news. Whoever reads is told so; between two readers nobody would be, and that ends a process.
    request.on("error", () => {});
    response.on("error", () => {});
    const asked = browserRequest(request);
    const { origin } = asked;
    // Caches keep answers to pages of different origins apart.
    response.setHeader("vary", "Origin");
    for (const [name, value] of Object.entries({
      ...securityHeaders,
      ...rules.corsHeaders(origin),
    }))
      response.setHeader(name, value);
    const isPreflight =
      request.method === "OPTIONS" &&
      request.headers["access-control-request-method"] !== undefined;
    if (!isPreflight) {
      listener(request, response);
      return;
    }
    discardRest(request);
    const refusal = rules.refusal(asked);
    if (refusal === undefined) {
      response.setHeader(
        "vary",
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
      );
      for (const [name, value] of Object.entries(rules.preflightHeaders(origin)))
        response.setHeader(name, value);
      response.statusCode = 204;
      response.end();
      return;
    }
    response.statusCode = 403;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ code: "permission_denied", message: refusal }));
  };
}

function browserRequest({ headers }: Parameters<HttpListener>[0]): BrowserRequest {
  const first = (value: string | string[] | undefined): string | undefined =>
    typeof value === "object" ? value[0] : value;
  return {
    authority: first(headers[":authority"]) ?? headers.host,
    origin: headers.origin,
    fetchSite: first(headers["sec-fetch-site"]),
  };
}
