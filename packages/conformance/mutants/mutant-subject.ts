import {
  type RuntimeSubject,
  SimulatedRuntime,
  simulatedSubject,
  type SimulatedWorld,
} from "@persys/conformance";
import type { RuntimeMutant } from "./runtime-mutant.ts";

/** A simulated host with a runtime that `make` has altered. The host itself does not tell of broken promises: the kit has to find them. */
export async function mutantSubject(make: RuntimeMutant["make"]): Promise<RuntimeSubject> {
  const worlds: SimulatedWorld[] = [];
  const subject = await simulatedSubject((world) => {
    worlds.push(world);
    return make(world, new SimulatedRuntime(world));
  });
  const [world] = worlds;
  const openStreams = (): readonly string[] =>
    Array.from({ length: world?.events.listeners ?? 0 }, () => "an open event stream");
  return {
    ...subject,
    leftovers: async () => [...((await subject.leftovers?.()) ?? []), ...openStreams()],
    dispose: async () => {},
  };
}
