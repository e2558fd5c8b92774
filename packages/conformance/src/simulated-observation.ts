import type { Instance, Observation } from "@persys/core";
import type { SimulatedHolding, SimulatedInstance } from "./simulated-instances.ts";

/** What a look at a holding finds. */
export function observationOf(holding: SimulatedHolding | undefined): Observation {
  if (holding === undefined) return { kind: "absent" };
  const instances = [holding.current, holding.kept].filter((it) => it !== undefined);
  if (instances.length === 0) return { kind: "absent" };
  return { kind: "present", instances: instances.map(instanceOf), glance: holding.glance };
}

function instanceOf(it: SimulatedInstance): Instance {
  return {
    handle: it.handle,
    uid: it.uid,
    revisionId: it.revisionId,
    specDigest: it.specDigest,
    kept: it.kept,
    state: it.state,
    health: it.health,
    ...(it.run === 0 ? {} : { run: String(it.run), startedAtMs: it.startedAtMs }),
    ...(it.exit === undefined ? {} : { exit: it.exit }),
    drift: it.drift,
    facts: { "simulated.handle": it.handle },
  };
}
