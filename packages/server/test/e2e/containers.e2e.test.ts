import { LogStream, WorkloadHealth } from "@persys/transports/gen";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { PrivateDockerd } from "../../../../test/docker/private-dockerd.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { untilSuiteEnds } from "../../../../test/until-suite-ends.ts";
import { ContainerNode, type ContainerWorkload } from "../support/container-node.ts";

/** A web server on a port of this machine that the engine picks. */
const web: ContainerWorkload = {
  image: testImages.web,
  env: { GREETING: "hello" },
  ports: [{ hostIp: "127.0.0.1", containerPort: 8080 }],
  resources: { memoryBytes: 67_108_864n, pidsLimit: 64n },
  restartPolicy: { policy: "always" },
  stopGraceSeconds: 5,
  labels: { app: "web" },
};

/** Polls for as long as a busy machine may take. */
const slowly = { timeout: 20_000, interval: 50 } as const;

async function running(nodes: ContainerNode, name: string, spec = web): Promise<string> {
  const id = nodes.id(name);
  await nodes.apply(id, spec, { revisionId: "r1" });
  await nodes.node.reaches(id, "RUNNING");
  return id;
}

describeWithDocker("a container", () => {
  /** The node of all tests that do nothing to it and set nothing of its own. */
  let nodes: ContainerNode;
  const until = untilSuiteEnds();
  beforeAll(async () => {
    nodes = await ContainerNode.ofSuite(until, { env: { PERSYS_RECONCILE_INTERVAL: "1h" } });
  });

  it("runs, answers on its port, and says in its status what existing clients look for", async () => {
    const id = await running(nodes, "web");

    const port = await nodes.outsider.publishedPort(id);
    const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5_000) });
    expect(answer.status).toBe(200);
    const { Id, Config } = await nodes.outsider.inspect(id);
    expect(Config.Labels).toMatchObject({
      "persys.managed": "true",
      "persys.workload_id": id,
      "persys.revision_id": "r1",
      "persys.node_id": nodes.nodeId,
      app: "web",
    });
    const { metadata, observedRevisionId, health } = await nodes.node.status(id);
    expect(observedRevisionId).toBe("r1");
    expect(health).toBe(WorkloadHealth.HEALTHY);
    expect(metadata).toMatchObject({
      "container.id": Id,
      "container.state": "running",
      "container.image": testImages.web,
      "container.started_at": expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      "container.ports": `127.0.0.1:${port}->8080/tcp`,
    });
  });

  it("that is applied again at its revision is skipped and untouched", async () => {
    const id = await running(nodes, "repeated");
    const before = await nodes.outsider.inspect(id);

    const again = await nodes.apply(id, web, { revisionId: "r1" });

    expect(again).toMatchObject({ applied: false, skipped: true });
    const after = await nodes.outsider.inspect(id);
    expect([after.Id, after.State.StartedAt]).toEqual([before.Id, before.State.StartedAt]);
  });

  it("is the same one after a stop and a start", async () => {
    const id = await running(nodes, "rested");
    const containerId = await nodes.containerId(id);

    await nodes.want(id, "stopped");
    await nodes.node.reaches(id, "STOPPED");
    const stopped = await nodes.node.status(id);
    await nodes.want(id, "running");
    await nodes.node.reaches(id, "RUNNING");

    expect(stopped.metadata).toMatchObject({
      "container.id": containerId,
      "container.state": "exited",
      "container.exit_code": expect.stringMatching(/^\d+$/),
      "container.finished_at": expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(await nodes.containerId(id)).toBe(containerId);
  });

  it("has its output read in both streams, with times", async () => {
    const script = "echo out; echo err >&2; exec /bin/linger";
    const spec = { image: testImages.busybox, command: ["sh", "-c", script], stopGraceSeconds: 1 };
    const id = await running(nodes, "talker", spec);

    const said = new Map<LogStream, string>();
    const times: (bigint | undefined)[] = [];
    for await (const { stream, data, receivedAt } of nodes.node.client.streamLogs({ id })) {
      said.set(stream, `${said.get(stream) ?? ""}${Buffer.from(data).toString()}`);
      times.push(receivedAt?.seconds);
    }

    expect([said.get(LogStream.STDOUT), said.get(LogStream.STDERR)]).toEqual(["out\n", "err\n"]);
    expect(times.every((one) => one !== undefined && one > 1_700_000_000n)).toBe(true);
  });

  it("that is killed or removed behind the agent's back runs again", async () => {
    const id = await running(nodes, "disturbed");
    const containerId = await nodes.containerId(id);
    const { StartedAt } = (await nodes.outsider.inspect(id)).State;

    await nodes.outsider.kill(id);
    await expect
      .poll(async () => (await nodes.node.status(id)).metadata["container.started_at"], slowly)
      .not.toBe(StartedAt);
    await nodes.node.reaches(id, "RUNNING");
    expect(await nodes.containerId(id)).toBe(containerId);

    await nodes.outsider.remove(id);
    await expect.poll(() => nodes.containerId(id), slowly).not.toBe(containerId);
    await nodes.node.reaches(id, "RUNNING");
  });

  it("that is killed while events are switched off runs again after the next comparison", async () => {
    const own = await ContainerNode.start({
      env: { PERSYS_EVENTS_ENABLED: "false", PERSYS_RECONCILE_INTERVAL: "1s" },
    });
    const id = await running(own, "web");
    const { StartedAt } = (await own.outsider.inspect(id)).State;

    await own.outsider.kill(id);

    await expect
      .poll(async () => (await own.outsider.inspect(id)).State.StartedAt, slowly)
      .not.toBe(StartedAt);
    const { metrics } = own.node.agent.endpoints();
    const text = await (await fetch(`${metrics}/metrics`)).text();
    expect(text).toMatch(/^persys_agent_missed_events_total\{runtime_type="container"\} [1-9]/m);
  });

  it("that is deleted leaves nothing", async () => {
    const own = await ContainerNode.start();
    const id = await running(own, "keeper", {
      image: testImages.volume,
      command: ["/bin/linger"],
    });
    const before = await own.census();

    await own.node.client.deleteWorkload({ id });
    await own.node.reaches(id, "absent");

    expect(before.map((line) => line.split(" ")[0])).toEqual(["container", "image", "volume"]);
    expect(await own.census()).toEqual([]);
  });

  it("runs on while the agent is away, and is taken up again by the next one", async () => {
    const own = await ContainerNode.start();
    const id = await running(own, "web");
    const before = await own.outsider.inspect(id);

    await own.node.restart("SIGKILL");
    await own.node.reaches(id, "RUNNING");

    const after = await own.outsider.inspect(id);
    expect([after.Id, after.State.StartedAt]).toEqual([before.Id, before.State.StartedAt]);
  });

  it("applied before there is an engine runs once there is one", async () => {
    const engine = await PrivateDockerd.start();
    onTestFinished(() => engine.dispose());
    await engine.stop();
    const own = await ContainerNode.start({ endpoint: engine.endpoint });
    const id = own.id("early");

    await own.apply(id, { image: testImages.busybox, command: ["/bin/linger"] });
    expect(await own.node.state(id)).not.toBe("RUNNING");
    expect(await own.node.client.healthCheck({})).toMatchObject({ healthy: false });
    await engine.up();

    await own.node.reaches(id, "RUNNING");
    expect(await own.node.client.healthCheck({})).toMatchObject({
      healthy: true,
      runtimeStatus: { container: "healthy" },
    });
  });
});
