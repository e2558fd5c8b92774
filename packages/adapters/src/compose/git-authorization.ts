/** What a host of git is told of who fetches (RFC 7617). Hosts that take tokens do not look at the name. */
export function basicOf(username: string | undefined, password: string): string {
  return `Basic ${Buffer.from(`${username || "git"}:${password}`).toString("base64")}`;
}
