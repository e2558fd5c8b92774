import type { AgentHandlers, ConnectTransportOptions, TransportLimits } from "@persys/transports";

/** A server with one thing wrong, such as whoever writes one might get wrong. */
export interface ServerMutant {
  /** Unique among the mutants of servers. */
  readonly name: string;
  /** What it does wrong, as a sentence about it. */
  readonly breaks: string;
  /** A clause of the contract that has to notice, among others. */
  readonly clauseHint: string;
  /** The broken methods, over those of a sound server; made anew for every server. */
  readonly handlers?: (sound: AgentHandlers) => Partial<AgentHandlers>;
  /** Instead of the limits of a sound server. */
  readonly limits?: Partial<TransportLimits>;
  /** Instead of asking for the token. */
  readonly authenticate?: ConnectTransportOptions["authenticate"];
}
