import { caseContext, runtimeContract, type RuntimeSubject } from "@persys/conformance";
import { it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { DockerHarness } from "./docker-harness.ts";
import { EngineProxy } from "./engine-proxy.ts";

async function dockerSubject(): Promise<RuntimeSubject> {
  const proxy = await EngineProxy.open();
  const host = new DockerHarness();
  const runtime = host.another({ endpoint: proxy.endpoint });
  const idPrefix = host.id("contract");
  // Whose images are counted as left over.
  for (const name of ["a", "exit-0", "many-0"]) host.known(`${idPrefix}-${name}`);
  const strangers: string[] = [];
  return {
    runtime,
    idPrefix,
    specs: {
      longRunning: (variant) => host.longRunning({ env: { VARIANT: variant } }),
      exitsWith: (code) => ({ image: testImages.exit, env: { CODE: String(code) } }),
      ignoresStop: () => host.script('trap "" TERM; touch /ready; while :; do sleep 0.1; done'),
      secretive: (secret) => host.longRunning({ env: { PASSWORD: secret } }),
      prints: (line) => host.script(`echo "${line}"; exec /bin/linger`),
    },
    ignoresStopNow: async (id) => (await host.outsider.exec(id, ["test", "-e", "/ready"])) === 0,
    killBehind: (id) => host.outsider.kill(id),
    reopen: async () => host.another(),
    stranger: {
      add: async (id) => {
        const made = await host.docker.createContainer({
          name: id,
          Image: testImages.busybox,
          Cmd: ["/bin/linger"],
        });
        await made.start();
        strangers.push(made.id);
      },
      isIntact: async () => {
        const seen = await Promise.all(
          strangers.map((id) => host.docker.getContainer(id).inspect()),
        );
        return seen.every(({ State }) => State.Running);
      },
    },
    cutOff: async () => proxy.cut(),
    leftovers: () => host.census(),
    patienceMs: 20_000,
    dispose: async () => {
      for (const id of strangers) await host.docker.getContainer(id).remove({ force: true });
      await host.close();
      await proxy.close();
    },
  };
}

describeWithDocker("DockerRuntime", () => {
  for (const { level, title, run } of runtimeContract(dockerSubject)) {
    it(`${level}: ${title}`, () => run(caseContext()), 60_000);
  }
});
