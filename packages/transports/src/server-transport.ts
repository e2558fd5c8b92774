/** Where a transport can be reached. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Serves the agent's contract to clients. */
export interface ServerTransport {
  /**
   * Begins to serve and tells where.
   * @throws {AgentError} PORT_CONFLICT, PERMISSION_DENIED or NETWORK_ERROR when the address cannot be had.
   */
  start(): Promise<ServerAddress>;
  /**
   * Takes no more connections, ends streams with UNAVAILABLE, lets calls under way finish for `graceMs` milliseconds, then cuts off what is
   * left. Resolves when every connection is closed. May be repeated.
   */
  stop(graceMs: number): Promise<void>;
}
