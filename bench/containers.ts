import { rmSync } from "node:fs";
import type { ContainerCreateOptions } from "dockerode";
import type { Bench } from "./bench.ts";
import { applyMany, applyOnes } from "./container-apply.ts";
import { callsOfApplies } from "./container-calls.ts";
import { healing } from "./container-heal.ts";
import { ContainerHost } from "./container-host.ts";
import { atRest } from "./container-rest.ts";
import { ContainerStarts } from "./container-starts.ts";
import type { Figure } from "./figure.ts";

/** How much an agent adds to what a Docker engine takes. */
export const containers: Bench = {
  name: "containers",
  about: "apply, heal and rest of containers against dockerode alone",
  needsDocker: true,
  run: async (folder, say) => {
    const host = new ContainerHost(folder);
    const interruption = new Interruption(async () => {
      say("interrupted: removing what was made");
      await host.clear();
      rmSync(folder, { recursive: true, force: true });
    });
    try {
      const { figures, options } = await callsOfApplies(host, say);
      return [...figures, ...(await compared(host, options, say)), ...(await atRest(host, say))];
    } finally {
      await interruption.over();
      await host.clear();
    }
  },
};

async function compared(
  host: ContainerHost,
  options: ContainerCreateOptions,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const { docker, nextId } = host;
  const node = host.node("compared");
  const bare = host.bare(options);
  const starts = await ContainerStarts.of(docker);
  const sides = { node, bare, starts, nextId };
  await node.start();
  try {
    return [
      ...(await applyOnes(sides, say)),
      ...(await applyMany(sides, say)),
      ...(await healing(sides, docker, say)),
    ];
  } finally {
    starts.close();
    await node.stop();
  }
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Clears up before a signal ends the process. Further ones change nothing: a terminal and a script may both pass on the same. */
class Interruption {
  readonly #clear: () => Promise<void>;
  #isUnderWay = false;

  constructor(clear: () => Promise<void>) {
    this.#clear = clear;
    process.on("SIGINT", this.#end);
    process.on("SIGTERM", this.#end);
  }

  /** Resolves when no signal has come so far, and takes none any more; otherwise the process ends before. */
  async over(): Promise<void> {
    if (this.#isUnderWay) await new Promise(() => {});
    process.off("SIGINT", this.#end);
    process.off("SIGTERM", this.#end);
  }

  readonly #end = (signal: NodeJS.Signals): void => {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    void this.#clear().finally(() => {
      process.exit(signal === "SIGINT" ? exitCodes.SIGINT : exitCodes.SIGTERM);
    });
  };
}
