import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { figure } from "./figure.ts";
import { BenchAgent, Receiver } from "./telemetry-agents.ts";

const pairs = 40;
const livesPerTurn = 32;
const atOnce = 8;
/** As often as Prometheus usually reads. */
const scrapeIntervalMs = 15_000;
/** Before anything counts: code that runs for the first times costs several times as much. */
const livesToWarmUp = 60;

interface Turn {
  readonly agent: BenchAgent;
  /** Processor time at the begin of each of its turns, in milliseconds. */
  readonly beganMs: number[];
}

/** What telemetry adds to the processor time of a workload's life. */
export const telemetry: Bench = {
  name: "telemetry",
  about: "what traces and metrics add to the processor time of an operation",
  run: async (folder, say) => {
    const receiver = new Receiver();
    const endpoint = await receiver.start();
    const on = turnsOf(
      new BenchAgent(join(folder, "on"), {
        PERSYS_OTLP_ENDPOINT: endpoint,
      }),
    );
    const off = turnsOf(new BenchAgent(join(folder, "off"), {}));
    let scrapes: NodeJS.Timeout | undefined;
    try {
      await Promise.all([on.agent.ready(), off.agent.ready()]);
      await Promise.all([on, off].map(({ agent }) => agent.lives(livesToWarmUp, atOnce)));
      say(`${pairs} pairs of ${livesPerTurn} lives each`);
      scrapes = setInterval(() => void on.agent.scrape(), scrapeIntervalMs);
      for (let round = 0; round <= pairs + 1; round += 1) {
        for (const turn of round % 2 === 0 ? [on, off] : [off, on]) await take(turn);
      }
    } finally {
      clearInterval(scrapes);
      await Promise.all([on.agent.stop(), off.agent.stop()]);
      receiver.stop();
    }
    const withIt = costs(on);
    const without = costs(off);
    const added = withIt.map((cost, at) => cost / (without[at] ?? cost) - 1);
    say(`${Math.round(receiver.bytes / (pairs * livesPerTurn))} bytes sent for one life`);
    return [
      figure({
        name: "telemetry.cpu-of-a-life",
        unit: "ms",
        samples: withIt,
        floor: { name: "the same agent that sends nothing", samples: without },
      }),
      figure({
        name: "telemetry.cost",
        unit: "%",
        samples: added.map((it) => it * 100),
        aim: ({ p50 }) => ({ text: "median of the pairs below 5 %", met: p50 < 5 }),
      }),
    ];
  },
};

function turnsOf(agent: BenchAgent): Turn {
  return { agent, beganMs: [] };
}

async function take({ agent, beganMs }: Turn): Promise<void> {
  beganMs.push(agent.cpuMs());
  await agent.lives(livesPerTurn, atOnce);
}

/**
 * Of one life in each round but the first, in milliseconds. A turn is counted up to the begin of the next: what is sent while the other agent
 * works belongs to it.
 */
function costs({ beganMs }: Turn): readonly number[] {
  return beganMs.slice(2).map((next, at) => (next - (beganMs[at + 1] ?? next)) / livesPerTurn);
}
