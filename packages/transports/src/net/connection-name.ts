/** What tells one connection from all others while it lasts. One client port may be that of several, to several addresses of ours. */
export interface ConnectionEnds {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** Names a connection while it lasts, before its handshake and after it. */
export function nameOf(ends: ConnectionEnds): string {
  const { localAddress, localPort, remoteAddress, remotePort } = ends;
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
}
