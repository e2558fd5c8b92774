import type { Target } from "@persys/core";
import type { SeenDomain } from "./seen-domain.ts";

/** One making of a machine: two of the same target are different ones. */
export interface MachineMaking {
  /** Names it, unlike any other. */
  readonly instance: string;
  /** The file in which the machine's firmware keeps its variables already; undefined where it has none: then it gets one among the machine's own. */
  readonly variablesPath: string | undefined;
  /** Whether it has been run: what runs, or ran, is then not what this description says, but what an earlier one did. */
  readonly hasRun: boolean;
}

/** Gives the description of a target's machine, without our marks. */
export type DescribeMachine = (
  target: Target,
  making: MachineMaking,
  signal: AbortSignal,
) => Promise<string>;

/**
 * Another making of a machine that is there. Its variables stay where they are, also where an older agent has left that to libvirt: what boots
 * the guest is in them. What runs writes to its own, whatever the definition says by now.
 */
export function makingIn(
  { definition, running }: Pick<SeenDomain, "definition" | "running">,
  { instance, hasRun }: Pick<MachineMaking, "instance" | "hasRun">,
): MachineMaking {
  const variablesPath = running?.variablesPath ?? definition.variablesPath;
  return { instance, hasRun, variablesPath };
}
