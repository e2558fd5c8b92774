import { type RuntimeSubject, type Stranger, tapRuntime } from "@persys/conformance";
import { testImages } from "../../../../test/docker/test-images.ts";
import { DockerHarness } from "./docker-harness.ts";
import { EngineProxy } from "./engine-proxy.ts";

type Labels = Readonly<Record<string, string>>;

/** The Docker runtime under a node id of its own, behind a proxy that can be cut, for the contract of runtimes. */
export async function subject(): Promise<RuntimeSubject> {
  const proxy = await EngineProxy.open();
  const host = new DockerHarness();
  const { outsider } = host;
  const idPrefix = host.id("contract");
  const isReady = async (id: string): Promise<boolean> =>
    (await outsider.exec(id, ["test", "-e", "/ready"])) === 0;
  const strangers: string[] = [];
  const add = async (name: string, labels: Labels): Promise<void> => {
    const made = await host.docker.createContainer({
      name,
      Image: testImages.busybox,
      Cmd: ["/bin/linger"],
      Labels: { ...labels },
    });
    strangers.push(made.id);
    await made.start();
  };
  const isIntact: Stranger["isIntact"] = async () => {
    const seen = await Promise.all(strangers.map((id) => host.docker.getContainer(id).inspect()));
    return seen.every(({ State }) => State.Running);
  };
  return {
    // Whose images are counted as left over.
    runtime: tapRuntime(host.another({ endpoint: proxy.endpoint }), async ({ id }) => {
      if (id !== undefined) host.known(id);
    }),
    idPrefix,
    specs: {
      longRunning: (variant) => host.longRunning({ env: { VARIANT: variant } }),
      exitsWith: (code) => ({ image: testImages.exit, env: { CODE: String(code) } }),
      ignoresStop: () => host.script('trap "" TERM; touch /ready; while :; do sleep 0.1; done'),
      stopsSlowly: (ms) =>
        host.script(
          `trap 'sleep ${ms / 1000}; exit 0' TERM; touch /ready; while :; do sleep 0.05; done`,
        ),
      secretive: (secret) => host.longRunning({ env: { PASSWORD: secret } }),
      failsToStart: () => ({ image: testImages.busybox, command: ["/no/such/program"] }),
      prints: (text) => host.script(`echo "${text}"; exec /bin/linger`),
      printsErrors: (text) => host.script(`echo "${text}" >&2; exec /bin/linger`),
      ticks: () => host.script('n=0; while :; do n=$((n+1)); echo "tick $n"; sleep 0.05; done'),
    },
    gracefulExitCode: 0,
    ignoresStopNow: isReady,
    stopsSlowlyNow: isReady,
    killBehind: (id) => outsider.kill(id),
    removeBehind: (id) => outsider.remove(id),
    pauseBehind: (id) => outsider.pause(id),
    startBehind: async (id) => {
      await (await outsider.container(id)).start();
    },
    driftBehind: (id) => outsider.update(id, { CpuShares: 256 }),
    reopen: async () => host.another(),
    stranger: { add: (id) => add(id, {}), isIntact },
    lookAlikes: { add: (id) => addLookAlikes(host, id, add), isIntact },
    cutOff: () => proxy.cut(),
    stall: async () => proxy.stall(),
    rejoin: () => proxy.resume(),
    leftovers: () => host.census(),
    patienceMs: 20_000,
    windDownMs: 1_000,
    sequences: { count: 1, length: 10 },
    dispose: async () => {
      for (const id of strangers) await host.docker.getContainer(id).remove({ force: true });
      await host.close();
      await proxy.close();
    },
  };
}

/** Another node's container in the place of ours, and containers that bear some of our labels only. */
async function addLookAlikes(
  { nodeId }: DockerHarness,
  id: string,
  add: (name: string, labels: Labels) => Promise<void>,
): Promise<void> {
  const whole: Labels = {
    "persys.managed": "true",
    "persys.workload_id": id,
    "persys.revision_id": "r1",
    "persys.node_id": nodeId,
    "persys.uid": `uid-of-${id}`,
    "persys.sequence": "1",
    "persys.instance": "not-one",
  };
  await add(id, { ...whole, "persys.node_id": `${nodeId}-another` });
  const lacking = ["persys.workload_id", "persys.revision_id", "persys.node_id", "persys.uid"];
  for (const [at, lack] of lacking.entries()) {
    const { [lack]: _, ...labels } = whole;
    await add(`${id}-look-alike-${at}`, labels);
  }
}
