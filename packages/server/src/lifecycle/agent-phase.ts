/** How far the agent is in its life. */
export type AgentPhase = "starting" | "serving" | "stopping";

/** The phase, set by the life cycle and read by whoever answers for the agent. */
export class PhaseHolder {
  phase: AgentPhase = "starting";
}
