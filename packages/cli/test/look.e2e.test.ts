import { create } from "@bufbuild/protobuf";
import { ActualState, WorkloadHealth, WorkloadUsageSnapshotSchema } from "@persys/client/contract";
import { describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { persysctl } from "./persysctl.ts";
import { noSuchCommand, scene } from "./scene.ts";

describe("persysctl get", () => {
  it("lists workloads in a table, with control characters made harmless", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web", message: "up \u001b[2J" });
    agent.put({ id: "api", actualState: ActualState.FAILED, failure: noSuchCommand });

    const { stdout, exitCode } = await run(["get"]);

    expect(exitCode).toBe(0);
    expect(
      stdout.split("\n").map((line) => line.replace(/\d+y\S*/, "AGE").replace(/ +/g, " ")),
    ).toEqual([
      "ID TYPE WANTED STATE RESTARTS AGE MESSAGE",
      "api process running FAILED 0 AGE COMMAND_NOT_FOUND: no such command: /bin/nope",
      "web process running RUNNING 0 AGE up \\x1b[2J",
      "",
    ]);
  });

  it("writes what the API answers as JSON and as YAML", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });

    expect(JSON.parse((await run(["get", "--json"])).stdout)).toMatchObject({
      workloads: [{ id: "web", restarts: 0, actualState: "ACTUAL_STATE_RUNNING" }],
    });
    expect(JSON.parse((await run(["get", "web", "-o", "json"])).stdout)).toMatchObject({
      status: { id: "web" },
      spec: { process: { command: ["/bin/true"] } },
    });
    expect((await run(["get", "web", "-o", "yaml"])).stdout).toContain("status:\n  id: web\n");
  });

  it("shows of a container its image and ports in a wide table, and no such columns without one", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });
    expect((await run(["get", "-o", "wide"])).stdout).not.toContain("IMAGE");

    agent.put({ id: "web", metadata: { "container.image": "busybox:1", exit: "code 1" } });
    const { stdout } = await run(["get", "-o", "wide"]);

    expect(stdout).toMatch(/HEALTH +EXIT +IMAGE +REVISION/);
    expect(stdout).toMatch(/code 1 +busybox:1/);
  });

  it("shows what is done about a failure beside it", async () => {
    const { agent, run } = await scene();
    const message = "no such command: /bin/nope; tried again now: looking for it";
    agent.put({ id: "api", actualState: ActualState.FAILED, failure: noSuchCommand, message });

    expect((await run(["get"])).stdout).toContain(`COMMAND_NOT_FOUND: ${message}`);
  });

  it("filters by state", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });
    agent.put({ id: "api", actualState: ActualState.STOPPED });

    expect((await run(["get", "--state", "stopped,failed", "-o", "id"])).stdout).toBe("api\n");
    expect(await run(["get", "--state", "sleeping"])).toMatchObject({ exitCode: 2 });
  });

  it("ends with 3 when there is no such workload, as text and as JSON", async () => {
    const { run } = await scene();

    expect(await run(["get", "nope"])).toMatchObject({ exitCode: 3, stdout: "" });
    const { error } = JSON.parse((await run(["get", "nope", "--json"])).stderr) as {
      error: object;
    };
    expect(error).toMatchObject({
      code: "not_found",
      message: "workload not found: nope",
      exitCode: 3,
    });
  });

  it("shows every change with -w until interrupted", async () => {
    const { agent, start } = await scene();
    agent.put({ id: "web", message: "first" });
    const running = await start(["get", "-w"]);
    await eventually(() => running.stdout().includes("first"));

    agent.put({ id: "web", actualState: ActualState.STOPPED, message: "second" });
    await eventually(() => running.stdout().includes("second"));
    agent.remove("web");
    await eventually(() => running.stdout().includes("web  deleted"));
    running.kill("SIGINT");

    expect(await running.ended).toMatchObject({ exitCode: 130, stderr: "" });
  });

  it("writes with -w no line that says what the one before it said", async () => {
    const { agent, start } = await scene();
    agent.put({ id: "web", message: "first" });
    const running = await start(["get", "-w"]);
    await eventually(() => running.stdout().includes("first"));

    agent.put({ id: "web", observedSequence: 2n });
    agent.put({ id: "web", observedSequence: 3n, message: "second" });
    await eventually(() => running.stdout().includes("second"));

    expect(running.stdout().match(/^web /gm)).toHaveLength(2);
  });

  it("is quiet when the reader has seen enough", async () => {
    const { agent, start } = await scene();
    agent.put({ id: "web", message: "first" });
    const running = await start(["get", "-w"]);
    await eventually(() => running.stdout().includes("first"));

    running.closeStdout();
    for (let change = 0; change < 3; change += 1)
      agent.put({ id: "web", message: `change ${change}` });

    expect(await running.ended).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

describe("persysctl logs", () => {
  it("writes each stream to its own, byte for byte", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });

    expect(await run(["logs", "web"])).toMatchObject({
      exitCode: 0,
      stdout: "one\ntwo\n",
      stderr: "\u001b[31moops\u001b[0m\n",
    });
    expect(await run(["logs", "web", "--stream", "stdout"])).toMatchObject({
      stdout: "one\ntwo\n",
      stderr: "",
    });
  });

  it("puts the time before whole lines", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });

    expect((await run(["logs", "web", "--timestamps", "--stream", "stdout"])).stdout).toBe(
      "2023-11-14T22:13:20.123Z one\n2023-11-14T22:13:20.123Z two\n",
    );
  });

  it("tells a workload without output from none", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });
    agent.silent.add("web");

    expect(await run(["logs", "web"])).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "web has no output: nothing of it has run\n",
    });
    expect(await run(["logs", "nope"])).toMatchObject({ exitCode: 3 });
  });

  it("says once when there are no times to begin lines with", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web" });
    agent.logsHaveTimes = false;

    expect(await run(["logs", "web", "--timestamps", "--stream", "stdout"])).toMatchObject({
      stdout: "one\ntwo\n",
      stderr: "the runtime of web keeps no times: lines are shown without\n",
    });
  });

  it("waits for a reader that is slower than the agent", async () => {
    const { agent, start } = await scene();
    agent.put({ id: "web" });
    agent.logPieces = 100;
    const running = await start(["logs", "web", "--stream", "stdout"]);
    const resume = running.pauseStdout();
    await eventually(() => agent.sentPieces > 2);
    resume();

    const ended = await running.ended;

    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout.length).toBe("one\ntwo\n".length + 100 * 64 * 1024);
  });

  it("ends by itself when the workload is deleted", async () => {
    const { agent, start } = await scene();
    agent.put({ id: "web" });
    const running = await start(["logs", "web", "-f"]);
    await eventually(() => running.stdout().includes("two"));

    agent.remove("web");

    expect(await running.ended).toMatchObject({ exitCode: 0 });
  });

  it("ends cleanly when interrupted", async () => {
    const { agent, start } = await scene();
    agent.put({ id: "web" });
    const running = await start(["logs", "web", "-f", "--stream", "stdout"]);
    await eventually(() => running.stdout().includes("two"));

    running.kill("SIGINT");

    expect(await running.ended).toMatchObject({ exitCode: 130, stderr: "" });
  });
});

describe("persysctl describe, actions, health and version", () => {
  it("explains a workload", async () => {
    const { agent, run } = await scene();
    agent.put({ id: "web", actualState: ActualState.FAILED, failure: noSuchCommand });

    const { stdout } = await run(["describe", "web"]);

    for (const part of [
      "State:     FAILED",
      "Failure:   COMMAND_NOT_FOUND: no such command: /bin/nope, 1 failed try, not tried again by itself",
      "- the wanted revision is 2, revision 1 runs",
      "replace: revision 2 is wanted",
      "pid 42  running, revision 1",
      "start  done     nothing runs",
      "apply   completed  3s",
      "command:\n      - /bin/true",
    ]) {
      expect(stdout).toContain(part);
    }
    expect(JSON.parse((await run(["describe", "web", "--json"])).stdout)).toMatchObject({
      explanation: { next: { step: "replace" } },
      workload: { spec: {} },
      actions: [{}],
    });
  });

  it("shows of a container what it is made of and what its check said", async () => {
    const { agent, run } = await scene();
    const metadata = { "container.image": "busybox:1", "container.ports": "127.0.0.1:80->80/tcp" };
    const health = WorkloadHealth.UNHEALTHY;
    const usage = create(WorkloadUsageSnapshotSchema, {
      cpuPercent: 3.14,
      memoryBytes: 13_002_342n,
      netRxBytes: 900n,
      collectedAt: 1n,
    });
    agent.put({ id: "web", runtime: "container", health, metadata, usage });
    agent.observed = [
      {
        handle: "c1",
        revisionId: "2",
        state: "running",
        health,
        healthOutput: "refused\n\u001b[2J",
      },
      { handle: "c0", revisionId: "1", state: "exited", exit: "code 0", kept: true },
    ];

    const { stdout } = await run(["describe", "web"]);

    for (const part of [
      "Health:    unhealthy, last output: refused \\x1b[2J",
      "Image:     busybox:1",
      "Ports:     127.0.0.1:80->80/tcp",
      "Usage:     3.1 % of a core; 12.4 MiB; disk 0 B read, 0 B written; network 900 B in, 0 B out; measured ",
      "c1  running, unhealthy, revision 2",
      "c0  exited, revision 1, ended: code 0, kept to go back to",
    ]) {
      expect(stdout).toContain(part);
    }
  });

  it("shows of a virtual machine where it is reached and what its disks are", async () => {
    const { agent, run } = await scene();
    const metadata = {
      "vm.ip_addresses": "192.168.122.7,fd00::7",
      "vm.disks": "vda=/var/lib/libvirt/images/db-vda.qcow2",
      "vm.console_log": "/var/lib/libvirt/persys/db/console.log",
    };
    agent.put({ id: "db", runtime: "vm", metadata });

    const { stdout } = await run(["describe", "db"]);

    expect(stdout).toContain("Address:   192.168.122.7,fd00::7\n");
    expect(stdout).toContain("Disks:     vda=/var/lib/libvirt/images/db-vda.qcow2\n");
    expect(stdout).toContain("Console:   /var/lib/libvirt/persys/db/console.log\n");
  });

  it("shows of a compose application what each service uses", async () => {
    const { agent, run } = await scene();
    const usage = create(WorkloadUsageSnapshotSchema, {
      cpuPercent: 4,
      memoryBytes: 3_145_728n,
      collectedAt: 1n,
      services: [
        { name: "db", cpuPercent: 1, memoryBytes: 1_048_576n },
        { name: "web", cpuPercent: 3, memoryBytes: 2_097_152n, netTxBytes: 800n },
      ],
    });
    agent.put({ id: "shop", runtime: "compose", usage });

    const { stdout } = await run(["describe", "shop"]);

    expect(stdout).toContain(`Usage of services
  db  1.0 % of a core; 1.0 MiB; disk 0 B read, 0 B written; network 0 B in, 0 B out
  web  3.0 % of a core; 2.0 MiB; disk 0 B read, 0 B written; network 0 B in, 800 B out
`);
  });

  it("lists actions", async () => {
    const { run } = await scene();

    expect((await run(["actions"])).stdout).toMatch(
      /^AGE +WORKLOAD.*\n.*hello +apply +completed +3s/,
    );
    expect(JSON.parse((await run(["actions", "web", "--json"])).stdout)).toMatchObject({
      actions: [{ workloadId: "web" }],
    });
  });

  it("lists calls that were denied", async () => {
    const { run } = await scene();

    const { stdout } = await run(["actions", "--denied", "--output", "wide"]);
    expect(stdout).toMatch(/^LAST +FIRST +TIMES +BY +CALL +WORKLOAD +REASON +TRACE +TOLD\n/);
    expect(stdout).toMatch(/ 7 +eve +delete_workload +db +ROLE_TOO_LOW +- +eve is viewer here\n/);
    expect(stdout).toContain("somebody at 10.1.2.3");
    expect(await run(["actions", "--denied", "--status", "failed"])).toMatchObject({
      exitCode: 2,
    });
  });

  it("ends with 1 where the agent is not healthy", async () => {
    const { agent, run } = await scene();

    expect(await run(["health"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("Runtime process: healthy, Linux 6.1\n"),
    });
    agent.healthy = false;
    expect(await run(["health"])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^Reason: +runtime process: unhealthy: it sleeps$/m),
    });
  });

  it("shows its version even where no agent answers", async () => {
    const { run } = await scene();

    expect((await run(["version"])).stdout).toMatch(
      /^persysctl \d+\.\d+\.\d+\nagent 9\.9\.9 at http/,
    );
    expect(await persysctl(["version"])).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("no agent"),
    });
  });
});
