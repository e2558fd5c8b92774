import { Simulation } from "./simulation.ts";

/** What went wrong in the lives with these seeds, as text; empty when nothing did. `logLines`: so many of the last events go with each. */
export async function troublesOf(
  seeds: readonly number[],
  logLines: number = Number.POSITIVE_INFINITY,
): Promise<string> {
  const troubles: string[] = [];
  for (const seed of seeds) {
    const simulation = new Simulation(seed);
    try {
      await simulation.live(200);
      await simulation.heal();
    } catch (error) {
      const lines = simulation.log.slice(-logLines).join("\n");
      troubles.push(`seed ${seed}: ${String(error)}\nafter:\n${lines}`);
    }
  }
  return troubles.join("\n\n");
}
