/** The methods of a runtime that take steps. */
const stepOps: readonly string[] = [
  "prepare",
  "start",
  "replace",
  "retire",
  "restore",
  "stop",
  "remove",
];

/** The methods of a runtime that a simulated fault can strike. */
export const faultableOps: readonly string[] = [...stepOps, "observe", "list", "probe"];

/** Every kind of call through a port at which an agent can be killed, before and after it. */
export const boundaryOps: readonly string[] = [
  ...faultableOps.map((op) => `runtime ${op}`),
  "runtime events",
  "runtime event",
  "store open",
  "store commit",
  "store close",
];

/** What an engine does for a workload, as it counts it itself. */
export const stepKinds: readonly string[] = [...stepOps, "forget", "giveUp"];
