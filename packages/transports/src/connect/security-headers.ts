/**
 * What every answer tells browsers: that it is no page, of whatever kind it looks; that it is shown in no frame and by no other site; that nobody
 * keeps it. There is no Strict-Transport-Security: it holds for every port of a host, and would cut off web pages that other ports of the same
 * node serve in clear text, while this port speaks nothing else to fall back to.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};
