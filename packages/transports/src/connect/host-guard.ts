const loopbackNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether an address that a server is bound to can be reached from its own machine alone. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}

/**
 * Whether a request names this machine as its host, with any port. A page in a browser that was led here by a name of its own (DNS rebinding)
 * sends that name.
 */
export function namesLoopback(authority: string | undefined): boolean {
  if (authority === undefined) return false;
  const host = authority.replace(/:\d{1,5}$/, "").toLowerCase();
  return loopbackNames.has(host) || isLoopback(host);
}
