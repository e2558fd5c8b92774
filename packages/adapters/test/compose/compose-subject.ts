import type { RuntimeSubject, Stranger } from "@persys/conformance";
import { testImages } from "../../../../test/docker/test-images.ts";
import { EngineProxy } from "../docker/engine-proxy.ts";
import { projectNameOf } from "../../src/compose/project-name.ts";
import { idOf } from "../support/runtime-calls.ts";
import { ComposeHarness } from "./compose-harness.ts";

type Labels = Readonly<Record<string, string>>;

/** The compose runtime under a node id of its own, behind a proxy that can be cut, for the contract of runtimes. */
export async function subject(words: readonly string[]): Promise<RuntimeSubject> {
  const proxy = await EngineProxy.open();
  const host = new ComposeHarness(words);
  const { outsider } = host;
  const file = (text: string, more: object = {}): unknown =>
    host.spec(host.script(text, { ...more }));
  const isReady = async (id: string): Promise<boolean> =>
    (await outsider.exec(id, ["test", "-e", "/ready"])) === 0;
  const strangers: string[] = [];
  const add = async (project: string, labels: Labels): Promise<void> => {
    const made = await host.docker.createContainer({
      Image: testImages.busybox,
      Cmd: ["/bin/linger"],
      Labels: {
        "com.docker.compose.project": project,
        "com.docker.compose.service": "main",
        "com.docker.compose.config-hash": "none",
        "com.docker.compose.container-number": "1",
        "com.docker.compose.oneoff": "False",
        ...labels,
      },
    });
    strangers.push(made.id);
    await made.start();
  };
  const isIntact: Stranger["isIntact"] = async () => {
    const seen = await Promise.all(strangers.map((id) => host.docker.getContainer(id).inspect()));
    return seen.every(({ State }) => State.Running);
  };
  return {
    runtime: host.another({ endpoint: proxy.endpoint }),
    idPrefix: host.id("c"),
    specs: {
      longRunning: (variant) => file("exec /bin/linger", { environment: { VARIANT: variant } }),
      exitsWith: (code) => file(`exit ${code}`),
      ignoresStop: () => file('trap "" TERM; touch /ready; while :; do sleep 0.1; done'),
      stopsSlowly: (ms) =>
        file(`trap 'sleep ${ms / 1000}; exit 0' TERM; touch /ready; while :; do sleep 0.05; done`, {
          stop_grace_period: `${Math.ceil(ms / 100)}s`,
        }),
      secretive: (secret) => file("exec /bin/linger", { environment: { PASSWORD: secret } }),
      failsToStart: () => file("", { command: ["/no/such/program"] }),
      failsToPrepare: () => file("", { image: "persys-test/none:1", pull_policy: "never" }),
      prints: (text) => file(`echo "${text}"; exec /bin/linger`),
      printsErrors: (text) => file(`echo "${text}" >&2; exec /bin/linger`),
      ticks: () => file('n=0; while :; do n=$((n+1)); echo "tick $n"; sleep 0.05; done'),
    },
    gracefulExitCode: 0,
    forgetsKeptExits: true,
    ignoresStopNow: isReady,
    stopsSlowlyNow: isReady,
    killBehind: (id) => outsider.kill(id),
    removeBehind: (id) => outsider.remove(id),
    pauseBehind: (id) => outsider.pause(id),
    startBehind: async (id) => {
      await (await outsider.container(id)).start();
    },
    driftBehind: (id) => makeAnew(host, id),
    reopen: async () => host.another(),
    stranger: { add: (id) => add(projectNameOf(idOf(id)), {}), isIntact },
    lookAlikes: { add: (id) => addLookAlikes(host, id, add), isIntact },
    cutOff: () => proxy.cut(),
    stall: async () => proxy.stall(),
    rejoin: () => proxy.resume(),
    leftovers: () => host.census(),
    patienceMs: 30_000,
    windDownMs: 1_500,
    sequences: { count: 1, length: 8 },
    dispose: async () => {
      for (const id of strangers) await host.docker.getContainer(id).remove({ force: true });
      await host.close();
      await proxy.close();
    },
  };
}

/** As somebody does who brings up another file under the name of the project. */
async function makeAnew(host: ComposeHarness, id: string): Promise<void> {
  const old = await host.outsider.inspect(id);
  await host.outsider.remove(id);
  const made = await host.docker.createContainer({
    name: old.Name.slice(1),
    Image: old.Config.Image,
    Cmd: old.Config.Cmd,
    Labels: { ...old.Config.Labels, "com.docker.compose.config-hash": "another" },
  });
  await made.start();
}

/** Another node's container in the place of ours, and containers that bear some of our labels only. */
async function addLookAlikes(
  { nodeId }: ComposeHarness,
  id: string,
  add: (project: string, labels: Labels) => Promise<void>,
): Promise<void> {
  const project = projectNameOf(idOf(id));
  const whole: Labels = {
    "persys.managed": "true",
    "persys.type": "compose",
    "persys.workload_id": id,
    "persys.node_id": nodeId,
    "persys.uid": `uid-of-${id}`,
  };
  await add(project, { ...whole, "persys.node_id": `${nodeId}-another` });
  const lacking = ["persys.type", "persys.workload_id", "persys.node_id", "persys.uid"];
  for (const lack of lacking) {
    const { [lack]: _, ...labels } = whole;
    await add(project, labels);
  }
}
