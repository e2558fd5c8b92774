import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ExplainedError, explainError } from "@persys/client";
import { createNodeAgentClient } from "@persys/client/node";
import { FailureReason } from "@persys/transports/gen";
import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { AgentProcess } from "../support/agent-process.ts";
import { ContainerNode, type ContainerWorkload } from "../support/container-node.ts";
import { applyOf, NodeUnderTest } from "../support/node-under-test.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** How a call was refused. */
async function refusal(call: Promise<unknown>): Promise<ExplainedError> {
  return call.then(
    () => expect.unreachable("the call was not refused"),
    (error: unknown) => explainError(error),
  );
}

it("what the policy denies is refused before anything of it is stored, naming place, value and setting", async () => {
  const node = await NodeUnderTest.start({ PERSYS_PROCESS_USERS: "none" });
  const request = applyOf("web", { script: "sleep 600" });

  for (const validateOnly of [true, false]) {
    const refused = await refusal(node.client.applyWorkload({ ...request, validateOnly }));
    expect(refused).toMatchObject({
      code: "failed_precondition",
      reason: "POLICY_DENIED",
      facts: { rules: "account", settings: "PERSYS_PROCESS_USERS" },
    });
    expect(refused.violations).toHaveLength(1);
    expect(refused.violations[0]?.field).toBe("spec.process.user");
    expect(refused.violations[0]?.description).toContain("PERSYS_PROCESS_USERS");
  }
  expect(await node.state("web")).toBe("absent");
});

it("a stricter policy leaves what runs alone and does not start it again; an agent whose policy allows it does", async () => {
  const devDir = tempFolder();
  const first = await NodeUnderTest.start({}, devDir);
  await first.apply("web", { script: "sleep 600", policy: "always" });
  await first.reaches("web", "RUNNING");
  const pid = await first.pid("web");
  await first.agent.kill();

  const strict = await NodeUnderTest.start({ PERSYS_PROCESS_USERS: "none" }, devDir);
  await strict.reaches("web", "RUNNING");
  expect(await strict.pid("web")).toBe(pid);
  process.kill(pid, "SIGKILL");
  await strict.reaches("web", "FAILED");
  expect((await strict.status("web")).failure).toMatchObject({
    reason: FailureReason.POLICY_DENIED,
    retryable: false,
  });
  await strict.agent.kill();

  const again = await NodeUnderTest.start({}, devDir);
  await again.reaches("web", "RUNNING");
  const { actions } = await again.client.listActions({ workloadId: "web", newestFirst: true });
  expect(actions[0]).toMatchObject({ actionType: "retry_workload", caller: "agent:host-policy" });
});

it("a policy that has changed in the file of settings holds after SIGHUP, in an agent that is no development one", async () => {
  const devDir = tempFolder();
  const file = join(devDir, "agent_config.yaml");
  writeFileSync(file, "process_users: none\n");
  const agent = AgentProcess.start({
    devDir,
    args: ["--config", file],
    env: {
      PERSYS_NODE_ID: `test-${process.pid}-${Math.random()}`,
      PERSYS_STATE_PATH: `${devDir}/state`,
      PERSYS_PROCESS_ROOT: `${devDir}/processes`,
      PERSYS_TOKEN_FILE: `${devDir}/token`,
      PERSYS_TLS_ENABLED: "false",
      PERSYS_GRPC_ADDR: "127.0.0.1",
    },
  });
  const says = (message: string): Promise<void> =>
    expect.poll(() => agent.messages(), { timeout: 50_000, interval: 10 }).toContain(message);
  await says("serving");
  const line = agent.stderr.find((one) => one.includes('"msg":"serving"')) ?? "";
  const { http } = JSON.parse(line) as { http: string };
  const token = agent.token();
  const client = createNodeAgentClient({ baseUrl: http, protocol: "connect", token });
  const request = applyOf("web", { script: "sleep 600" });
  expect(await refusal(client.applyWorkload(request))).toMatchObject({ reason: "POLICY_DENIED" });

  writeFileSync(file, "process_users: [self, root]\n");
  process.kill(agent.pid, "SIGHUP");
  await says("another host policy holds");
  expect(await client.applyWorkload(request)).toMatchObject({ applied: true });

  writeFileSync(file, "process_users: [\n");
  process.kill(agent.pid, "SIGHUP");
  await says("the settings cannot be used; what they said before goes on to hold");
  expect(await client.applyWorkload({ ...request, id: "other" })).toMatchObject({ applied: true });
});

function mounting(hostPath: string): ContainerWorkload {
  return {
    image: testImages.busybox,
    command: ["sleep", "600"],
    volumes: [{ hostPath, containerPath: "/in" }],
    restartPolicy: { policy: "always" },
    stopGraceSeconds: 1,
  };
}

describeWithDocker("containers under a policy", () => {
  it("get the folders that are allowed, and no way out of them", async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, "own"));
    symlinkSync("/etc", join(folder, "etc"));
    const nodes = await ContainerNode.start({ env: { PERSYS_ALLOWED_HOST_PATHS: folder } });

    const refused = await refusal(
      nodes.apply(nodes.id("bad"), {
        ...mounting(join(folder, "etc")),
        privileged: true,
        network: "host",
      }),
    );
    expect(refused.violations.map(({ field }) => field)).toEqual([
      "spec.container.volumes[0].host_path",
      "spec.container.privileged",
      "spec.container.network",
    ]);

    const id = nodes.id("good");
    await nodes.apply(id, mounting(join(folder, "own")));
    await nodes.node.reaches(id, "RUNNING");
  });

  it("are not started again where a link has taken the place of their folder", async () => {
    const folder = tempFolder();
    const own = join(folder, "own");
    mkdirSync(own);
    const nodes = await ContainerNode.start({ env: { PERSYS_ALLOWED_HOST_PATHS: folder } });
    const id = nodes.id("web");
    await nodes.apply(id, mounting(own));
    await nodes.node.reaches(id, "RUNNING");

    rmSync(own, { recursive: true });
    symlinkSync("/etc", own);
    await nodes.outsider.kill(id);

    await nodes.node.reaches(id, "FAILED");
    const { failure } = await nodes.node.status(id);
    expect(failure?.reason).toBe(FailureReason.POLICY_DENIED);
    expect(failure?.message).toContain("(which is /etc)");
  });

  it("publish ports where they may", async () => {
    const nodes = await ContainerNode.start({
      env: { PERSYS_PUBLISHED_ADDRESSES: "127.0.0.0/8", PERSYS_PUBLISHED_PORTS: "20000-65535" },
    });
    const refused = await refusal(
      nodes.apply(nodes.id("web"), {
        image: testImages.web,
        ports: [{ containerPort: 8080 }, { containerPort: 81, hostPort: 80, hostIp: "127.0.0.1" }],
      }),
    );

    expect(refused.facts["rules"]).toBe("published-address,published-port");
    expect(refused.violations).toHaveLength(3);
  });
});
