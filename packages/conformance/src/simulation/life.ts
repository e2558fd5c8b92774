/** Where at a port call something happens. */
export type CallMoment = "before" | "after";

/** A code with which a simulated call fails. */
export type FaultCode =
  | "RUNTIME_ERROR"
  | "RUNTIME_UNAVAILABLE"
  | "NETWORK_ERROR"
  | "NOT_PREPARED"
  | "PERMISSION_DENIED";

/** What users ask of the agent. `number` tells the revisions of one spec apart; 0: no revision id is given. */
export type RequestCommand =
  | {
      readonly do: "apply";
      readonly id: string;
      readonly spec: string;
      readonly number: number;
      readonly desired: "running" | "stopped";
    }
  /** The last apply that was accepted, word for word, so many times. */
  | { readonly do: "apply again"; readonly id: string; readonly times: number }
  /** A known revision id with another spec. */
  | { readonly do: "apply otherwise"; readonly id: string }
  | { readonly do: "want"; readonly id: string; readonly desired: "running" | "stopped" }
  | { readonly do: "remove"; readonly id: string }
  | { readonly do: "retry"; readonly id: string };

/** What happens to the runtime, its workloads and its host. Durations in milliseconds of simulated time. */
export type WorldCommand =
  | { readonly do: "disturb"; readonly id: string; readonly what: string }
  | { readonly do: "host reboots"; readonly downMs: number }
  | { readonly do: "runtime restarts"; readonly downMs: number }
  | { readonly do: "runtime vanishes"; readonly forMs: number }
  | { readonly do: "wall clock jumps"; readonly byMs: number };

/** What goes wrong with calls. `op` names a method of the runtime; a fault waits until a call fits it. */
export type FaultCommand =
  | {
      readonly do: "calls fail";
      readonly op: string;
      readonly at: CallMoment;
      readonly code: FaultCode;
      readonly times: number;
    }
  | {
      readonly do: "call hangs";
      readonly op: string;
      readonly at: CallMoment;
      readonly forMs: number;
      readonly ignoresAbort: boolean;
    }
  | { readonly do: "events go wrong"; readonly how: EventTrouble; readonly forMs: number }
  | { readonly do: "store fails"; readonly how: StoreTrouble; readonly times: number }
  | { readonly do: "store hangs"; readonly at: CallMoment; readonly forMs: number };

/** What can go wrong with a stream of events. */
export type EventTrouble = "lost" | "repeated" | "late" | "in another order" | "silent" | "broken";

/**
 * How a commit fails. `refused`: nothing is stored, and the error says so. `full`: the same for want of space. `doubtful`: nothing is stored,
 * and the error does not say so. `stored`: everything is stored, and the error does not say so. `unopened`: the next open fails.
 */
export type StoreTrouble = "refused" | "full" | "doubtful" | "stored" | "unopened" | "slow";

/** What happens to the agent. */
export type AgentCommand =
  | {
      readonly do: "kill";
      /** Port and method, such as `store commit`; empty: any. */
      readonly op: string;
      readonly at: CallMoment;
      /** At the so-manieth boundary that fits, from 1. */
      readonly nth: number;
      readonly downMs: number;
      /** Whether the record that is being written at that moment is damaged. */
      readonly tears: boolean;
    }
  | { readonly do: "restart" };

/** One thing that happens in a life, and how it goes on: `waitMs` of time pass; negative: so many turns of promises, and no time at all. */
export type Command = (RequestCommand | WorldCommand | FaultCommand | AgentCommand) & {
  readonly waitMs: number;
};

/** All that makes one simulated life of a node what it is. Plain data: the same life runs the same way on every machine. */
export interface Life {
  /** What is left to chance follows from it. */
  readonly seed: number;
  readonly commands: readonly Command[];
  /** Methods of the ports whose calls take time. */
  readonly delayed: readonly string[];
  /** Whether calls that are ready at the same moment go on in an order of chance, rather than in that of their arrival. */
  readonly shuffled: boolean;
  /** Whether there is place for one call at a time only. */
  readonly narrow: boolean;
  /** Whether the runtime has events. */
  readonly events: boolean;
  /** Whether the runtime is listed now and then though its events are heard. */
  readonly resync: boolean;
}

/** A command in words. */
export function commandText(command: Command): string {
  const { do: what, waitMs, ...details } = command;
  const words = Object.entries(details).map(([key, value]) => `${key} ${String(value)}`);
  const pause = waitMs < 0 ? `, then ${-waitMs} turns` : waitMs > 0 ? `, then ${waitMs} ms` : "";
  return `${what}${words.length === 0 ? "" : `: ${words.join(", ")}`}${pause}`;
}
