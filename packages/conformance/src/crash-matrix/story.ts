/** What a workload of a story does. What that means in numbers and members of a spec is the world's to say. */
const programs = [
  "server",
  "checked server",
  "slow server",
  "job",
  "one-time job",
  "unstartable",
  "crashing",
  "never healthy",
] as const;

/** One of {@link programs}. */
export type Program = (typeof programs)[number];

/** What happens to a workload without the agent. */
const disturbances = ["ends", "vanishes", "drifts", "pauses"] as const;

/** One of {@link disturbances}. */
export type Disturbance = (typeof disturbances)[number];

/** What a client asks of the agent. */
export type Request =
  | {
      readonly kind: "apply";
      readonly id: string;
      readonly program: Program;
      readonly revisionId: string;
    }
  | { readonly kind: "want"; readonly id: string; readonly desired: "running" | "stopped" }
  | { readonly kind: "delete"; readonly id: string }
  | { readonly kind: "retry"; readonly id: string };

/** Something that happens to a workload without the agent. */
export interface Happening {
  readonly kind: Disturbance;
  readonly id: string;
}

/**
 * One thing that happens in a story. `pass`: time; `reach`: what it takes until such a call is made; `restart`: the agent is stopped as it wants
 * to be, and another is started; `forbid`: every prepare of the world fails, for good, until `permit`.
 */
export type Act =
  | Request
  | Happening
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "reach"; readonly id: string; readonly op: string }
  | { readonly kind: "restart" | "forbid" | "permit" };

/** What is lived through with a death at each boundary. */
export interface CrashStory {
  /** Names it on the command line. */
  readonly name: string;
  /** What it tells, as the end of the sentence "the agent dies during ...". */
  readonly title: string;
  /** Made by an agent that lives. */
  readonly before: readonly Act[];
  /** In which it dies. Long enough at the end for everything to come to rest. */
  readonly acts: readonly Act[];
  /** By id: how each workload there is is in the end, as its status says: state, and revision where there is an instance. */
  readonly end: Readonly<Record<string, string>>;
  /** What happens between a death and the start of the next agent; nothing where there is nothing it could happen to. */
  readonly meanwhile?: readonly Happening[];
  /** Ids of jobs that may be started once and never again, also where that leaves them without a run. */
  readonly atMostOnce?: readonly string[];
  /** Whether it is short enough to be lived through with two deaths, at every pair of boundaries. */
  readonly isShort?: boolean;
}

export function apply(id: string, program: Program, revisionId: string): Act {
  return { kind: "apply", id, program, revisionId };
}

/** Time in which everything comes to rest. */
export const rest: Act = { kind: "pass", ms: 40_000 };

export function pass(ms: number): Act {
  return { kind: "pass", ms };
}

/** Time until a call is made: in the acts of a story only. */
export function reach(id: string, op: string): Act {
  return { kind: "reach", id, op };
}

/** Whether an act is something that a client asks for. */
export function isRequest(act: Act): act is Request {
  return (
    act.kind === "apply" || act.kind === "want" || act.kind === "delete" || act.kind === "retry"
  );
}

/** An act in words. */
export function actText(act: Act): string {
  switch (act.kind) {
    case "apply":
      return `apply ${act.revisionId} of ${act.id} (${act.program})`;
    case "want":
      return `want ${act.id} ${act.desired}`;
    case "pass":
      return `${act.ms} ms pass`;
    case "reach":
      return `it comes to ${act.op} of ${act.id}`;
    case "restart":
      return "the agent is stopped and started";
    case "forbid":
      return "prepares begin to fail";
    case "permit":
      return "prepares stop failing";
    case "delete":
    case "retry":
      return `${act.kind} ${act.id}`;
    default:
      return `${act.id} ${act.kind}`;
  }
}
